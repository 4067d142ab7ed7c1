#pragma once
/// The rule that decides who is answered locally: a threshold per decision point, and the ladder of
/// such rules from the safest to the cheapest that a calibration climbs.

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "router/confidence/confidence_features.h"

namespace croft {

/// P(acceptable) of one answer at each decision point. NaN: the point was not reached, or has no
/// model. unscorable: it was reached, but the model could not judge.
struct AnswerScores {
  static constexpr double unscorable = -1.0;
  std::array<double, decision_point_count> at = [] {
    std::array<double, decision_point_count> none{};
    none.fill(std::numeric_limits<double>::quiet_NaN());
    return none;
  }();
};

/// An answer is served locally where no score lies below its point's threshold; 0 asks only that
/// the model could judge.
struct ServingRule {
  std::array<double, decision_point_count> thresholds{};

  [[nodiscard]] bool serves(const AnswerScores& scores) const {
    for (std::size_t p = 0; p < decision_point_count; ++p)
      if (scores.at[p] < thresholds[p]) return false;  // false for NaN: the point does not speak
    return true;
  }
  /// The point that sends the answer away; decision_point_count where none does.
  [[nodiscard]] std::size_t escalated_at(const AnswerScores& scores) const;
};

struct LadderOptions {
  DecisionPoint decide_at = DecisionPoint::End;
  /// Share of the answers that the last point would keep which each earlier point may lose.
  double early_loss = 0.02;
  std::size_t steps_max = 100;
};

/// Rules from the safest to the cheapest, made from the scores of rows that take no part in the
/// test: thresholds of the deciding point are quantiles of its scores, down to serving all that can
/// be judged; those of earlier points lose at most `early_loss` of what that serves. Each rule
/// serves all that the rule before it serves. Not empty unless no row has a score.
[[nodiscard]] std::vector<ServingRule> serving_ladder(std::span<const AnswerScores> scores,
                                                      const LadderOptions& options);

}  // namespace croft
