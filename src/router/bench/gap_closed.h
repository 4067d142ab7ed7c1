#pragma once
/// How much of the room between a prompt-only router and an oracle another router takes, with all
/// three judged on the same resamples.

#include <cstdint>
#include <span>

#include "base/error.h"
#include "router/bench/estimate.h"

namespace croft {

/// Each share is 0 for the prompt-only router and 1 for the oracle; it may be negative.
struct GapClosed {
  /// Area: mean quality over all shares of escalation.
  Estimate by_area;
  /// Quality at the budget: the share of rows where only the strong model is right, the least with
  /// which an oracle has no regret. Undefined where that share is 0.
  Estimate at_budget;
  double budget = 0.0;
  /// Escalations needed for `target` of the strong model's quality.
  Estimate by_escalation;
};

struct GapOptions {
  double target = 0.95;
  std::size_t resamples = 1000;
  double confidence = 0.95;
  std::uint64_t seed = 1;
};

/// Scores are high where the weak answer stays. Rows with equal scores are escalated in no order.
/// The scores are taken as they are: what varies is which rows they are judged on.
/// Errors: InvalidArgument (no rows, lengths that differ).
Result<GapClosed> gap_closed(std::span<const double> prompt_scores,
                             std::span<const double> other_scores, std::span<const double> weak,
                             std::span<const double> strong, const GapOptions& options);

}  // namespace croft
