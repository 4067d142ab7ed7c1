#include "router/confidence/threshold_search.h"

#include <cmath>

#include "base/check.h"

namespace croft {

double ServedLosses::risk() const {
  return served > 0 ? loss_sum / static_cast<double>(served) : 0.0;
}

double ServedLosses::traffic_risk() const {
  return rows > 0 ? loss_sum / static_cast<double>(rows) : 0.0;
}

ServedLosses apply_rule(const ServingRule& rule, std::span<const ScoredAnswer> answers) {
  ServedLosses out;
  for (const ScoredAnswer& answer : answers) {
    ++out.rows;
    if (!rule.serves(answer.scores)) continue;
    ++out.served;
    out.loss_sum += answer.loss;
  }
  return out;
}

std::size_t promising_start(std::span<const ServingRule> ladder,
                            std::span<const ScoredAnswer> judged_on, std::int64_t rows_to_test,
                            const Promise& promise) {
  CHECK(!ladder.empty());
  std::size_t best = 0;
  double best_p = 2.0;
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const ServedLosses seen = apply_rule(ladder[i], judged_on);
    if (seen.served == 0) continue;
    const double scale = static_cast<double>(rows_to_test) / static_cast<double>(judged_on.size());
    const auto n = static_cast<std::int64_t>(std::floor(static_cast<double>(seen.served) * scale));
    // Half a loss more than was seen: none among few is no proof that there are none.
    const double loss_sum = (seen.loss_sum + 0.5) * scale;
    const double p = risk_p_value(promise.kind, loss_sum, n, promise.max_worse);
    if (p >= best_p) continue;
    best = i;
    best_p = p;
  }
  return best;
}

SearchResult learn_then_test(std::span<const ServingRule> ladder, std::size_t start,
                             std::span<const ScoredAnswer> answers, const Promise& promise) {
  SearchResult out;
  out.tested_first = start;
  for (std::size_t i = start; i < ladder.size(); ++i) {
    const ServedLosses seen = apply_rule(ladder[i], answers);
    const double p = risk_p_value(promise.kind, seen.loss_sum, seen.served, promise.max_worse);
    const bool proven = p <= promise.delta;
    if (proven || !out.chosen) {
      out.at = seen;
      out.p_value = p;
    }
    if (!proven) break;
    out.chosen = i;
  }
  return out;
}

SearchResult conformal_risk_control(std::span<const ServingRule> ladder,
                                    std::span<const ScoredAnswer> answers, const Promise& promise) {
  SearchResult out;
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const ServedLosses seen = apply_rule(ladder[i], answers);
    const double bound = (seen.loss_sum + 1.0) / (static_cast<double>(seen.rows) + 1.0);
    const bool holds = bound <= promise.max_worse;
    if (holds || i == 0) out.at = seen;
    if (!holds) break;
    out.chosen = i;
  }
  // Nobody served keeps any promise, and proves nothing.
  if (out.chosen && out.at.served == 0) out.chosen.reset();
  return out;
}

}  // namespace croft
