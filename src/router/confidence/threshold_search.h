#pragma once
/// Which rule of a ladder keeps its promise: the tests behind "at most alpha worse, this sure".
///
/// Sources: Learn then Test, arXiv:2110.01052; conformal risk control, arXiv:2208.02814.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "router/confidence/risk_evidence.h"
#include "router/confidence/serving_rule.h"

namespace croft {

struct ScoredAnswer {
  AnswerScores scores;
  double loss = 0.0;
  double cost = 0.0;
};

/// What a rule does to a set of answers.
struct ServedLosses {
  std::int64_t rows = 0;
  std::int64_t served = 0;
  double loss_sum = 0.0;  ///< of the served
  /// Mean loss of the served, and per row of all traffic; 0 without rows.
  [[nodiscard]] double risk() const;
  [[nodiscard]] double traffic_risk() const;
};
[[nodiscard]] ServedLosses apply_rule(const ServingRule& rule,
                                      std::span<const ScoredAnswer> answers);

struct Promise {
  double max_worse = 0.05;  ///< alpha
  double delta = 0.05;      ///< 1 - confidence
  LossKind kind = LossKind::Binary;
};

/// How a search went; `chosen` is an index of the ladder, empty where no rule is proven.
struct SearchResult {
  std::optional<std::size_t> chosen;
  std::size_t tested_first = 0;  ///< index of the first rule tested
  ServedLosses at;               ///< of the chosen rule, else of the one that failed
  double p_value = 1.0;          ///< likewise; of Learn then Test only
};

/// Where to begin: the rule whose expected p-value on `rows_to_test` rows is least, judged on rows
/// that take no part in the test. Requires: a ladder that is not empty.
[[nodiscard]] std::size_t promising_start(std::span<const ServingRule> ladder,
                                          std::span<const ScoredAnswer> judged_on,
                                          std::int64_t rows_to_test, const Promise& promise);

/// Learn then Test by a fixed sequence: tests "mean loss among the served > max_worse" from rule
/// `start` on towards cheaper ones and ends at the first that it cannot reject at level delta; the
/// last rejected one is chosen. Then P(risk of the chosen rule > max_worse) <= delta, provided that
/// ladder and start do not depend on `answers`.
[[nodiscard]] SearchResult learn_then_test(std::span<const ServingRule> ladder, std::size_t start,
                                           std::span<const ScoredAnswer> answers,
                                           const Promise& promise);

/// Conformal risk control: the cheapest rule with (n risk + 1) / (n + 1) <= max_worse, where the
/// risk counts all n rows and who is escalated loses nothing. The mean over such calibrations
/// keeps the promise; delta plays no part.
[[nodiscard]] SearchResult conformal_risk_control(std::span<const ServingRule> ladder,
                                                  std::span<const ScoredAnswer> answers,
                                                  const Promise& promise);

}  // namespace croft
