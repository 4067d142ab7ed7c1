#pragma once
/// Where a request goes: rules in order, then what the candidates can do, then privacy.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "router/policy/router_config.h"
#include "router/policy/signals.h"

namespace croft {

/// Why a candidate of the route cannot take this request.
enum class DropReason : std::uint8_t {
  ContextTooSmall,
  NoTools,
  NoJson,
  NoImages,
  OverBudget,
  StaysLocal,  ///< something sensitive was found, or the text could not be examined
};
[[nodiscard]] std::string_view drop_reason_text(DropReason reason);

/// What decided, beside the rule.
enum class DecisionReason : std::uint8_t {
  AsPlanned,        ///< the rule or the default, unchanged
  Sensitive,        ///< something was found: stays here, or is refused
  NotExamined,      ///< the detector failed or was too slow: treated as something found
  NoCandidateLeft,  ///< none of the route's can take it
  OnlyLocalLeft,    ///< no candidate of the cloud can take it
  OnlyCloudLeft,    ///< no local candidate can take it
};
[[nodiscard]] std::string_view decision_reason_text(DecisionReason reason);

struct ChosenCandidate {
  std::uint32_t model = 0;  ///< index of RouterConfig::models
  double cost = 0.0;        ///< estimated, in its currency
};

struct DroppedCandidate {
  std::uint32_t model = 0;
  DropReason why = DropReason::ContextTooSmall;
};

/// A rule that did not match, and the first of its conditions that did not hold.
struct MissedRule {
  const RouteConfig* route = nullptr;
  std::uint32_t rule = 0;
  std::uint32_t condition = 0;
  Holds holds = Holds::No;  ///< No or Unknown
};

/// Points into the RouterConfig that it was made from: keep that.
struct RouteDecision {
  const RouteConfig* asked = nullptr;  ///< the route of the request
  const RouteConfig* route = nullptr;  ///< where the rule or default stands: it, or one it led to
  const RouteRule* rule = nullptr;     ///< null: the route's default
  RouteMode planned = RouteMode::Refuse;
  RouteMode mode = RouteMode::Refuse;
  DecisionReason reason = DecisionReason::AsPlanned;
  /// In the order to be tried: Local and Cloud have only their kind, Cascade local ones first.
  std::vector<ChosenCandidate> candidates;
  std::vector<DroppedCandidate> dropped;
  std::vector<MissedRule> missed;
};

/// Decides into `out`, whose memory is used again: a server keeps one for each connection. Pure: no
/// clock, no I/O. Requires `route` to be of `config`. Threads: any, with an `out` of their own.
void decide(const RouterConfig& config, const RouteConfig& route, const GateSignals& signals,
            WallClock now, RouteDecision& out);

/// "rule 'contracts stay here': contracts never leave" ...: one line for people.
[[nodiscard]] std::string decision_sentence(const RouterConfig& config,
                                            const RouteDecision& decision);

}  // namespace croft
