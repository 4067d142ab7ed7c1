#pragma once
/// The routes: from a request to the code that answers it. Owns what all requests share.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "server/access.h"
#include "server/accounting/accountant.h"
#include "server/accounting/usage_reader.h"
#include "server/http.h"
#include "server/limits/access_control.h"
#include "server/metrics.h"
#include "server/model_house.h"
#include "server/routing/router_state.h"

namespace croft {

class Application final : public HttpHandler {
 public:
  struct Options {
    AccessPolicy access = {};
    std::string model_name = {};  ///< of the main model where `models` is empty
    bool log_prompts = false;
    /// All that are served, the main one first. Empty: one, which set_engine() brings.
    std::vector<ModelSource> models = {};
    ModelHouseOptions house = {};  ///< on_event is set here
    /// Routes and upstreams; null: there are none.
    std::shared_ptr<RoutingServices> routing = {};
    /// Who brings every request into the ledger; null: nobody does.
    std::shared_ptr<Accountant> accountant = {};
    /// Who adds the ledger up for /v1/usage; null where there is none.
    std::shared_ptr<UsageReader> usage = {};
    /// Keys with roles, limits and budgets; null: the policy's key file alone decides.
    std::shared_ptr<AccessControl> control = {};
  };
  explicit Application(Options options);

  std::optional<HttpResponse> admit(HttpRequest& head) override;
  /// Short requests of routes that no local model answers.
  [[nodiscard]] bool is_quick(const HttpRequest& request) const override;
  void handle(HttpRequest request, std::shared_ptr<ResponseWriter> writer) override;
  void completed(const RequestRecord& record) override;
  void settled(const RequestRecord& record) override;

  /// Begins to load the main and the pinned models. `on_failure` hears, on the loader's thread,
  /// when one of them cannot be.
  void start(std::function<void(const Error&)> on_failure);
  /// The main model, loaded by somebody else.
  void set_engine(std::shared_ptr<TextEngine> engine);
  /// New requests get 503 from now on; running ones go on.
  void drain();
  /// Destroys the engines: their requests end by writing to connections. After the HTTP server has
  /// stopped and before it is destroyed.
  void release_engine();

 private:
  struct Route;
  static const Route* find_route(std::string_view path);

  HttpResponse answer_options(const HttpRequest& request, const Route* route) const;
  HttpResponse answer_get(const Route& route, const HttpRequest& request);
  HttpResponse answer_models(std::string_view id);
  Result<void> answer_usage(const HttpRequest& request,
                            const std::shared_ptr<ResponseWriter>& writer);
  void answer_post(const Route& route, HttpRequest request,
                   const std::shared_ptr<ResponseWriter>& writer);
  Result<void> run_post(const Route& route, HttpRequest request,
                        const std::shared_ptr<ResponseWriter>& writer);
  /// What a request asks of its model, once that is there.
  struct Call {
    std::string_view path;  ///< the route's
    std::string tenant;
    std::shared_ptr<AccessTicket> ticket;  ///< may be null
    std::size_t model = 0;
  };
  void wait_for_model(Call call, std::string body, const std::shared_ptr<ResponseWriter>& writer);
  Result<void> run_call(const Call& call, const json::object& body, const ModelLease& engine,
                        const std::shared_ptr<ResponseWriter>& writer);
  Result<void> run_routed(const Route& route, HttpRequest request, const json::object& body,
                          std::chrono::steady_clock::time_point received,
                          const std::shared_ptr<ResponseWriter>& writer);
  Result<void> check_caller(RouteAccess access, HttpRequest& head) const;
  HttpResponse refused(const Error& error, const HttpRequest& request) const;
  /// Errors: Unavailable while the main model is loading, and while draining.
  Result<void> check_available() const;
  HttpResponse health(bool llama_server_shape) const;
  void model_changed(const ModelEvent& event);

  Options options_;
  Metrics metrics_;
  std::int64_t started_ = 0;  ///< Unix seconds; `created` of the models' entries
  std::atomic<bool> draining_{false};
  std::function<void(const Error&)> on_failure_;
  ModelHouse house_;  ///< last: its threads use everything above
};

}  // namespace croft
