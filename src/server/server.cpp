#include "server/server.h"

#include <thread>

#include "base/log.h"
#include "server/application.h"
#include "server/http_server.h"

namespace croft {

Result<void> run_server(const ServerOptions& options,
                        std::function<Result<std::unique_ptr<Engine>>()> load,
                        std::function<void(std::uint16_t port)> on_listening,
                        std::stop_token stop) {
  AccessPolicy access = TRY(make_access_policy(options));
  Application application({.access = std::move(access),
                           .model_name = options.model_name,
                           .log_prompts = options.log_prompts});
  HttpServerOptions http_options;
  http_options.host = options.host;
  http_options.port = options.port;
  http_options.drain = std::chrono::seconds(options.drain_seconds);
  HttpServer server(http_options, application);
  const std::uint16_t port = TRY(server.listen());
  if (on_listening) on_listening(port);

  Result<void> outcome;
  std::jthread loader([&] {
    Result<std::unique_ptr<Engine>> loaded = load();
    if (loaded) {
      application.set_engine(adapt_engine(*std::move(loaded)));
      return;
    }
    outcome = std::unexpected(std::move(loaded).error());
    server.begin_drain();
  });
  {
    const std::stop_callback on_stop(stop, [&] {
      application.drain();
      server.begin_drain();
    });
    server.run();
  }
  loader.join();
  // Before the server: the engine ends its requests by writing to connections.
  application.release_engine();
  return outcome;
}

}  // namespace croft
