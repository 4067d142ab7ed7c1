#include "router/confidence/serving_rule.h"

#include <algorithm>
#include <cmath>

namespace croft {
namespace {

/// Down, so that whoever has the score itself is served after all.
double six_digits_down(double value) {
  return std::floor(value * 1e6) / 1e6;
}

/// The greatest threshold that at most `share` of `values` lie below; 0 without values.
double losing_at_most(double share, std::vector<double>& values) {
  if (values.empty()) return 0.0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::min(index, values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return std::max(0.0, six_digits_down(*at));
}

/// Distinct thresholds, descending; the last is 0.
std::vector<double> deciding_thresholds(std::span<const AnswerScores> scores, std::size_t point,
                                        std::size_t steps_max) {
  std::vector<double> sorted;
  for (const AnswerScores& one : scores)
    if (one.at[point] >= 0.0) sorted.push_back(one.at[point]);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<double> out;
  for (std::size_t step = 1; step <= steps_max && !sorted.empty(); ++step) {
    const double t = six_digits_down(sorted[(sorted.size() * step - 1) / steps_max]);
    if (out.empty() || t < out.back()) out.push_back(t);
  }
  if (!out.empty() && out.back() > 0.0) out.push_back(0.0);
  return out;
}

}  // namespace

std::size_t ServingRule::escalated_at(const AnswerScores& scores) const {
  for (std::size_t p = 0; p < decision_point_count; ++p)
    if (scores.at[p] < thresholds[p]) return p;
  return decision_point_count;
}

std::vector<ServingRule> serving_ladder(std::span<const AnswerScores> scores,
                                        const LadderOptions& options) {
  const auto decide = static_cast<std::size_t>(options.decide_at);
  std::vector<ServingRule> ladder;
  std::vector<double> kept;
  for (const double threshold : deciding_thresholds(scores, decide, options.steps_max)) {
    ServingRule rule;
    rule.thresholds[decide] = threshold;
    for (std::size_t point = 0; point < decide; ++point) {
      kept.clear();
      for (const AnswerScores& one : scores)
        if (one.at[decide] >= threshold && !std::isnan(one.at[point]))
          kept.push_back(one.at[point]);
      rule.thresholds[point] = losing_at_most(options.early_loss, kept);
      // Never above the rule before: a cheaper rule serves all that a safer one does.
      if (!ladder.empty())
        rule.thresholds[point] = std::min(rule.thresholds[point], ladder.back().thresholds[point]);
    }
    ladder.push_back(rule);
  }
  return ladder;
}

}  // namespace croft
