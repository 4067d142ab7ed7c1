#pragma once
/// Logistic regression with an L2 penalty, by Newton's method: the same input gives the same
/// coefficients on every run.

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"

namespace croft {

struct LogisticFit {
  double intercept = 0.0;
  std::vector<double> weights;  ///< one per column
  std::size_t iterations = 0;
};

/// Minimises sum over rows of cross-entropy(target, sigmoid(intercept + weights . row)) +
/// penalty / 2 * |weights|^2; the intercept is not penalised.
///
/// Shapes:   rows [targets.size(), column_count], row-major; targets in [0, 1].
/// Requires: penalty > 0, which makes the minimum unique also where classes separate.
/// Errors:   Unproven where all targets are the same 0 or 1: there is no finite minimum and
///           nothing to learn.
/// Time:     O(iterations * rows * columns^2), 5 to 10 iterations as a rule.
Result<LogisticFit> fit_logistic(std::span<const double> rows, std::size_t column_count,
                                 std::span<const double> targets, double penalty);

/// 1 / (1 + exp(-x)), without overflow.
[[nodiscard]] double sigmoid(double x);

}  // namespace croft
