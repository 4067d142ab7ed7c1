#include "server/routing/router_state.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/log.h"
#include "io/sha256.h"
#include "router/confidence/calibration_file.h"
#include "server/http.h"

namespace croft {
namespace {

constexpr std::size_t hops_max = 8;

Error at(const std::string& place, const std::string& key, Error error) {
  error.message = (place.empty() ? "" : place + ": ") + key + ": " + error.message;
  error.field = key;
  return error;
}

/// The same server in the old state: its breaker and its averages go on.
std::shared_ptr<Upstream> unchanged(const RouterState* previous, const UpstreamConfig& config,
                                    const std::string& key) {
  if (previous == nullptr) return nullptr;
  for (const auto& upstream : previous->upstreams)
    if (upstream->is(config, key)) return upstream;
  return nullptr;
}

const RouteRuntime* same_calibration(const RouterState* previous, std::string_view route,
                                     const std::string& digest) {
  const RouteRuntime* old = previous == nullptr ? nullptr : previous->find_route(route);
  return old != nullptr && old->calibration_digest == digest ? old : nullptr;
}

/// The watch goes on where this server, or the one before it, had left it. `old`: the route as it
/// was, with the same calibration; may be null.
Result<void> add_drift_watch(const RouteRuntime* old, RouteRuntime& route) {
  if (old != nullptr && old->drift_trouble.empty()) {
    route.drift = old->drift;
    return {};
  }
  const DriftOptions options{.max_worse = route.calibration->max_worse,
                             .delta = 1.0 - route.calibration->confidence};
  DriftOwner owner{.route = route.config->name, .calibration_digest = route.calibration_digest};
  std::filesystem::path file = drift_file_path(route.config->calibration, owner.route);
  Result<std::optional<DriftMonitor>> kept = load_drift_file(file, owner, options);
  if (!kept) {
    route.drift_trouble = kept.error().to_string();
    log_error("route " + owner.route + " escalates: " + route.drift_trouble);
    return {};
  }
  if (*kept && (*kept)->state().alarmed)
    log_warning("route " + owner.route +
                " escalates: before the restart shadow answers had shown that its calibration no "
                "longer holds. Calibrate anew, or delete " +
                file.string());
  route.drift = std::make_shared<DriftWatch>(
      DriftWatch{.monitor = *kept ? **std::move(kept) : TRY(DriftMonitor::create(options)),
                 .owner = std::move(owner),
                 .file = std::move(file)});
  return {};
}

Result<void> add_calibration(const RouterInputs& inputs, const RouterState* previous,
                             RouteRuntime& route) {
  const RouteConfig& config = *route.config;
  if (config.calibration.empty()) return {};
  Result<Calibration> loaded = croft::load_calibration(config.calibration);
  if (!loaded) return std::unexpected(at(config.place, "calibration", std::move(loaded).error()));
  route.calibration = std::make_shared<const Calibration>(*std::move(loaded));
  const std::string text = TRY(calibration_text(*route.calibration));
  route.calibration_digest = sha256_hex(std::as_bytes(std::span(text)));
  TRY(add_drift_watch(same_calibration(previous, config.name, route.calibration_digest), route));
  if (config.commit == CommitPolicy::Prefix && route.calibration->decide_at == DecisionPoint::End)
    return std::unexpected(
        at(config.place, "commit",
           {.code = ErrorCode::InvalidArgument,
            .message = "\"prefix\" sends an answer before its end, and the calibration decides "
                       "at the end",
            .hint = "Make one with `croft route calibrate --decide-at early`, or use \"buffer\".",
            .field = {}}));
  if (!config.local.empty() && inputs.model_digest) {
    const std::string& model = inputs.config->models[config.local.front()].model;
    route.model_digest = TRY(inputs.model_digest(model));
  }
  return {};
}

}  // namespace

const RouteRuntime* RouterState::find_route(std::string_view name) const {
  const auto found = std::ranges::find_if(
      routes, [&](const RouteRuntime& route) { return route.config->name == name; });
  return found == routes.end() ? nullptr : &*found;
}

std::optional<std::string> RouteRuntime::distrust(std::string_view template_source) const {
  if (!calibration) return "insufficient evidence: the route has no calibration";
  const Result<void> matches =
      calibration->matches(model_digest, sha256_hex(std::as_bytes(std::span(template_source))));
  if (!matches) return "insufficient evidence: " + matches.error().message;
  if (!drift_trouble.empty())
    return "what the watch over the calibration had found is not known: " + drift_trouble;
  if (drift && drift->monitor.state().alarmed)
    return "the calibration no longer holds: shadow answers were worse than it promises";
  return std::nullopt;
}

Result<std::shared_ptr<const RouterState>> make_router_state(const RouterInputs& inputs,
                                                             const RouterState* previous) {
  auto state = std::make_shared<RouterState>();
  state->config = inputs.config;
  for (const UpstreamConfig& config : inputs.config->upstreams) {
    Result<std::string> key = inputs.read_key(config);
    if (!key)
      return std::unexpected(at(config.place, "upstreams." + config.name, std::move(key).error()));
    std::shared_ptr<Upstream> upstream = unchanged(previous, config, *key);
    if (!upstream) upstream = std::make_shared<Upstream>(config, *std::move(key));
    state->upstreams.push_back(std::move(upstream));
  }
  for (const RouteConfig& config : inputs.config->routes) {
    RouteRuntime route;
    route.config = &config;
    for (const std::uint32_t index : config.local)
      if (std::ranges::find(inputs.served, inputs.config->models[index].model) ==
          inputs.served.end())
        return std::unexpected(
            at(config.place, "routes.\"" + config.name + "\".local",
               {.code = ErrorCode::NotFound,
                .message = "the model " + inputs.config->models[index].model + " is not served",
                .hint = "Give it to `croft serve` with --model or --also.",
                .field = {}}));
    if (!config.intents.empty()) {
      Result<IntentModel> intents = IntentModel::load(config.intents);
      if (!intents) return std::unexpected(at(config.place, "intents", intents.error()));
      route.intents = std::make_shared<const IntentModel>(*std::move(intents));
    }
    TRY(add_calibration(inputs, previous, route));
    state->routes.push_back(std::move(route));
  }
  return state;
}

RoutingServices::RoutingServices()
    : instance_(random_id("")), transfers_(std::make_unique<HttpTransfers>()) {}

void RoutingServices::close() {
  constexpr std::chrono::seconds flush{2};
  if (exporter_) exporter_->shutdown(flush);
  exporter_ = nullptr;
  transfers_ = nullptr;
  drift_keeper_.close();
  const MutexLock lock(mutex_);
  kept_.clear();
}

void RoutingServices::keep(std::uint64_t ticket, std::shared_ptr<void> work) {
  const MutexLock lock(mutex_);
  kept_.emplace(ticket, std::move(work));
}

void RoutingServices::forget(std::uint64_t ticket) {
  std::shared_ptr<void> last;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto found = kept_.find(ticket);
  if (found == kept_.end()) return;
  last = std::move(found->second);
  kept_.erase(found);
}

std::shared_ptr<const RouterState> RoutingServices::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

void RoutingServices::set_state(std::shared_ptr<const RouterState> state) {
  const MutexLock lock(mutex_);
  state_ = std::move(state);
}

Result<std::string> next_hops(std::string_view hops, std::string_view instance) {
  const auto loop = [](const std::string& what) {
    return fail(ErrorCode::Upstream, "this request " + what,
                "Two servers ask each other: check the routes and upstreams of both.");
  };
  if (hops.find(instance) != std::string_view::npos)
    return loop("was sent by this server and has come back to it");
  const auto count = static_cast<std::size_t>(std::ranges::count(hops, ',')) + 1;
  if (!hops.empty() && count >= hops_max) return loop("has passed too many servers");
  if (hops.size() > 1024) return loop("has a list of servers that is too long");
  return hops.empty() ? std::string(instance) : std::string(hops) + "," + std::string(instance);
}

}  // namespace croft
