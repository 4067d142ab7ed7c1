#pragma once
/// What a serving rule does to answers that had no part in finding it.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "router/confidence/risk_evidence.h"
#include "router/confidence/serving_rule.h"
#include "router/confidence/threshold_search.h"

namespace croft {

/// Answers whose score lies in [low, high) (the last one: high included).
struct ReliabilityBin {
  double low = 0.0;
  double high = 1.0;
  std::int64_t count = 0;
  double score_mean = 0.0;       ///< 0 without answers
  double acceptable_mean = 0.0;  ///< share that was acceptable
  ShareInterval interval;        ///< of that share
};

/// All shares are of `rows`, except `risk`, which is of those served.
struct HeldOut {
  std::int64_t rows = 0;
  std::int64_t served = 0;
  double risk = 0.0;  ///< mean loss of the served
  ShareInterval risk_interval;
  double traffic_risk = 0.0;  ///< mean loss where who is escalated loses nothing
  double local_risk = 0.0;    ///< mean loss if everybody were served locally
  double coverage = 0.0;      ///< share served locally
  double escalation = 0.0;
  ShareInterval escalation_interval;
  std::array<double, decision_point_count> escalated_at{};  ///< share by the point that did it
  double ece = 0.0;             ///< expected calibration error over ten bins of equal width
  double brier = 0.0;           ///< mean squared error of P(acceptable)
  std::optional<double> auc;    ///< empty where all are acceptable, or none
  std::optional<double> saved;  ///< share of the cloud's cost that serving locally saves
  std::vector<ReliabilityBin> bins;
};

struct HeldOutOptions {
  DecisionPoint decide_at = DecisionPoint::End;
  LossKind kind = LossKind::Binary;
  double confidence = 0.95;  ///< of the intervals
  bool has_costs = false;
};

[[nodiscard]] HeldOut measure_held_out(const ServingRule& rule,
                                       std::span<const ScoredAnswer> answers,
                                       const HeldOutOptions& options);

}  // namespace croft
