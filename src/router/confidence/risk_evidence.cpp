#include "router/confidence/risk_evidence.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace croft {
namespace {

// Sums of losses carry rounding errors: 0.1 + 0.2 must not count as one more whole loss.
constexpr double sum_slack = 1e-9;

/// a log(a / b) + (1 - a) log((1 - a) / (1 - b)): how far a mean of a lies from b.
double divergence(double a, double b) {
  const double first = a > 0.0 ? a * std::log(a / b) : 0.0;
  const double second = a < 1.0 ? (1.0 - a) * std::log((1.0 - a) / (1.0 - b)) : 0.0;
  return first + second;
}

std::int64_t whole_losses(double loss_sum) {
  return static_cast<std::int64_t>(std::ceil(loss_sum - sum_slack));
}

}  // namespace

double risk_p_value(LossKind kind, double loss_sum, std::int64_t n, double alpha) {
  CHECK(alpha > 0.0 && alpha < 1.0 && loss_sum >= 0.0);
  if (n <= 0) return 1.0;
  const double binomial = binomial_cdf(whole_losses(loss_sum), n, alpha);
  if (kind == LossKind::Binary) return binomial;
  const double count = static_cast<double>(n);
  const double mean = std::min(loss_sum / count, alpha);
  const double hoeffding = std::exp(-count * divergence(mean, alpha));
  return std::min({1.0, hoeffding, std::numbers::e * binomial});
}

std::int64_t rows_without_loss_needed(double alpha, double delta) {
  CHECK(alpha > 0.0 && alpha < 1.0 && delta > 0.0 && delta < 1.0);
  auto rows = static_cast<std::int64_t>(std::ceil(std::log(delta) / std::log1p(-alpha)));
  rows = std::max<std::int64_t>(rows, 1);
  // Rounding may put an exact border on the wrong side.
  while (std::pow(1.0 - alpha, static_cast<double>(rows)) > delta) ++rows;
  return rows;
}

std::optional<std::int64_t> rows_needed(LossKind kind, double rate, double alpha, double delta) {
  constexpr std::int64_t rows_max = 10'000'000;
  if (rate >= alpha) return std::nullopt;
  const auto enough = [&](std::int64_t n) {
    return risk_p_value(kind, rate * static_cast<double>(n), n, alpha) <= delta;
  };
  std::int64_t high = rows_without_loss_needed(alpha, delta);
  if (enough(high)) return high;
  std::int64_t low = high;
  while (!enough(high)) {
    low = high;
    if (high > rows_max / 2) return std::nullopt;
    high *= 2;
  }
  // Whole losses make the p-value a saw: bisection finds a border of it, which is what a hint
  // needs.
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

ShareInterval mean_loss_interval(LossKind kind, double loss_sum, std::int64_t n,
                                 double confidence) {
  if (n <= 0) return {};
  if (kind == LossKind::Binary)
    return clopper_pearson(std::clamp<std::int64_t>(std::llround(loss_sum), 0, n), n, confidence);
  const double count = static_cast<double>(n);
  const double half = std::sqrt(std::log(2.0 / (1.0 - confidence)) / (2.0 * count));
  const double mean = loss_sum / count;
  return {std::max(0.0, mean - half), std::min(1.0, mean + half)};
}

}  // namespace croft
