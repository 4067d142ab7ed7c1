#pragma once
/// What routing works with at one moment: the configuration and everything that was loaded for it.
/// Immutable; a request keeps the one it began with, so that a new configuration changes nothing
/// under way.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "io/http_transfers.h"
#include "router/confidence/calibration.h"
#include "router/gates/intent_model.h"
#include "router/policy/router_config.h"
#include "router/providers/upstream.h"
#include "router/trace/otlp_exporter.h"
#include "server/routing/drift_keeper.h"

namespace croft {

/// One route with what its files hold.
struct RouteRuntime {
  const RouteConfig* config = nullptr;
  std::shared_ptr<const IntentModel> intents;      ///< null: the route has none
  std::shared_ptr<const Calibration> calibration;  ///< null: the route has none
  std::shared_ptr<DriftWatch> drift;               ///< beside a calibration
  /// Why it is not known what the watch had found: it may have been an alarm.
  std::string drift_trouble;
  std::string calibration_digest;  ///< of the file: a new one begins a new watch
  /// SHA-256 of the local model's file, where the calibration asks for it.
  std::string model_digest;

  /// Why no local answer may be trusted on this route, in words for the trace; none: judge it.
  [[nodiscard]] std::optional<std::string> distrust(std::string_view template_source) const;
};

struct RouterState {
  std::shared_ptr<const RouterConfig> config;
  std::vector<std::shared_ptr<Upstream>> upstreams;  ///< as in the configuration
  std::vector<RouteRuntime> routes;                  ///< likewise

  [[nodiscard]] const RouteRuntime* find_route(std::string_view name) const;
};

/// What the state is made of besides the configuration.
struct RouterInputs {
  std::shared_ptr<const RouterConfig> config;
  /// The key of an upstream; empty: it has none.
  std::function<Result<std::string>(const UpstreamConfig&)> read_key;
  /// SHA-256 of the file of a served local model.
  std::function<Result<std::string>(const std::string& model)> model_digest;
  std::vector<std::string> served;  ///< local models: a route may name no other
};

/// `previous` may be null. Upstreams that stay as they were keep their health. Errors: what a key,
/// an intent model or a calibration says, with the place in the configuration. A calibration for
/// another model is no error: such a route escalates, and says why (distrust()).
Result<std::shared_ptr<const RouterState>> make_router_state(const RouterInputs& inputs,
                                                             const RouterState* previous);

/// What all routed calls share. Safe from any thread.
class RoutingServices {
 public:
  RoutingServices();

  [[nodiscard]] std::shared_ptr<const RouterState> state() const;
  void set_state(std::shared_ptr<const RouterState> state);
  [[nodiscard]] HttpTransfers& transfers() { return *transfers_; }
  void set_exporter(std::unique_ptr<OtlpExporter> exporter) { exporter_ = std::move(exporter); }
  [[nodiscard]] OtlpExporter* exporter() { return exporter_.get(); }

  [[nodiscard]] DriftKeeper& drift_keeper() { return drift_keeper_; }

  /// Ends what is under way: its listeners write to connections, which must still be there. Nothing
  /// may be asked afterwards.
  void close();

  /// Work that nobody waits for is held here until it ends, or all ends.
  [[nodiscard]] std::uint64_t next_ticket() { return tickets_++; }
  void keep(std::uint64_t ticket, std::shared_ptr<void> work);
  void forget(std::uint64_t ticket);

  /// By which this server knows its own requests coming back.
  [[nodiscard]] const std::string& instance() const { return instance_; }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const RouterState> state_ GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, std::shared_ptr<void>> kept_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> tickets_{0};
  std::string instance_;
  DriftKeeper drift_keeper_;
  std::unique_ptr<HttpTransfers> transfers_;
  std::unique_ptr<OtlpExporter> exporter_;
};

/// The header that carries the servers a request has passed, separated by commas.
inline constexpr std::string_view hops_header = "x-croft-hops";
/// What a client calls its conversation, so that surrogates stay the same in it.
inline constexpr std::string_view conversation_header = "x-croft-conversation";
/// The value for the next server. Errors: Upstream where `instance` has seen it before, or too many
/// have.
Result<std::string> next_hops(std::string_view hops, std::string_view instance);

}  // namespace croft
