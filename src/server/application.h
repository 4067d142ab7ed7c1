#pragma once
/// The routes: from a request to the code that answers it. Owns what all requests share.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "server/access.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/text_engine.h"

namespace croft {

class Application final : public HttpHandler {
 public:
  struct Options {
    AccessPolicy access = {};
    std::string model_name = {};  ///< empty: the model's own name, once known
    bool log_prompts = false;
  };
  explicit Application(Options options);

  std::optional<HttpResponse> admit(HttpRequest& head) override;
  void handle(HttpRequest request, std::shared_ptr<ResponseWriter> writer) override;
  void completed(const RequestRecord& record) override;

  /// From loading to ready.
  void set_engine(std::shared_ptr<TextEngine> engine);
  /// New requests get 503 from now on; running ones go on.
  void drain();
  /// Lets go of the engine: with the last running call it is destroyed. After the HTTP server has
  /// stopped.
  void release_engine();

  [[nodiscard]] Metrics& metrics() { return metrics_; }

 private:
  struct Route;
  struct Call;
  static const Route* find_route(std::string_view path);

  HttpResponse answer_options(const HttpRequest& request, const Route* route) const;
  HttpResponse answer_get(const Route& route, const HttpRequest& request);
  void answer_post(const Route& route, const HttpRequest& request,
                   const std::shared_ptr<ResponseWriter>& writer);
  Result<void> run_post(const Route& route, const HttpRequest& request,
                        const std::shared_ptr<ResponseWriter>& writer);
  HttpResponse health(bool llama_server_shape) const;
  [[nodiscard]] std::shared_ptr<TextEngine> engine() const;
  /// Errors: Unavailable while loading or draining.
  Result<std::shared_ptr<TextEngine>> ready_engine() const;
  [[nodiscard]] std::string served_name(const TextEngine& engine) const;

  Options options_;
  Metrics metrics_;
  std::int64_t started_ = 0;  ///< Unix seconds; `created` of the model entry
  std::atomic<bool> draining_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<TextEngine> engine_;  ///< guarded by mutex_; null while loading
};

}  // namespace croft
