#pragma once
/// From a request's body to a routed call: the typed form, the gates, the plan. On a worker thread.

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/model_house.h"
#include "server/routing/router_state.h"

namespace croft {

/// What a routed request brings beside its body.
struct RoutedHttp {
  std::string endpoint;  ///< the HTTP route: "/v1/messages"
  std::string request_id;
  std::string tenant;
  std::shared_ptr<AccessTicket> ticket = {};  ///< may be null
  std::string hops;
  std::string conversation;  ///< header x-croft-conversation; may be empty
  std::string traceparent;
  dialects::Dialect client = dialects::Dialect::OpenAi;
  /// When its first byte was worked on: what Croft itself takes counts from here.
  std::chrono::steady_clock::time_point received;
};

/// Whether `model` names a route. A null state has none.
[[nodiscard]] bool names_route(const RouterState* state, std::string_view model);

/// What outlives every call.
struct RoutedServer {
  RoutingServices* services = nullptr;
  ModelHouse* house = nullptr;
  /// Hears of every routed request that is over, on its connection's thread.
  std::function<void(const RouteTrace&)> on_done;
  std::function<void(const RouteTrace&)> on_shadow;  ///< hears of each shadow answer
  std::function<ModelMetrics&(std::size_t model)> metrics_of;
};

/// Answers through `writer`, now or later. Errors: the request is at fault; nothing was started.
Result<void> start_routed(RoutedHttp http, const json::object& body, const RoutedServer& server,
                          const std::shared_ptr<ResponseWriter>& writer);

/// A route's entry of /v1/models: clients offer what stands there.
[[nodiscard]] json::object route_json(const RouterState& state, const RouteRuntime& route,
                                      std::int64_t created);

/// POST /v1/route/explain: what would be done, without doing it.
Result<json::object> explain_route(const json::object& body, std::string_view tenant,
                                   const RouterState* state);

}  // namespace croft
