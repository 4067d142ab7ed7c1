#include "server/server.h"

#include <utility>

#include "server/application.h"
#include "server/http_server.h"

namespace croft {

Result<void> run_server(const ServerOptions& options, std::vector<ModelSource> models,
                        std::function<Result<void>(std::uint16_t port)> on_listening,
                        std::stop_token stop) {
  TRY(check_models(models, options.models_memory_bytes));
  AccessPolicy access = TRY(make_access_policy(options));
  ModelHouseOptions house;
  house.keep_alive = options.keep_alive;
  house.memory_bytes = options.models_memory_bytes;
  Application application({.access = std::move(access),
                           .log_prompts = options.log_prompts,
                           .models = std::move(models),
                           .house = std::move(house),
                           .routing = options.routing,
                           .accountant = options.accountant,
                           .usage = options.usage,
                           .control = options.control});
  HttpServerOptions http_options;
  http_options.host = options.host;
  http_options.port = options.port;
  http_options.drain = std::chrono::seconds(options.drain_seconds);
  HttpServer server(http_options, application);
  const std::uint16_t port = TRY(server.listen());
  if (on_listening) TRY(on_listening(port));

  Result<void> outcome;  // written by the loader's thread, read once that has been joined
  application.start([&](const Error& error) {
    if (!outcome) return;
    outcome = std::unexpected(error);
    server.begin_drain();
  });
  {
    const std::stop_callback on_stop(stop, [&] {
      application.drain();
      server.begin_drain();
    });
    if (options.routing) {
      HttpTransfers& transfers = options.routing->transfers();
      server.watch(
          transfers.hand_over(), [&transfers] { transfers.drive(); },
          [&transfers] { transfers.begin_pushed(); });
    }
    server.run();
    if (options.routing) options.routing->transfers().take_back();
  }
  // Before the server: the engines end their requests by writing to connections.
  application.release_engine();
  return outcome;
}

}  // namespace croft
