#include "router/confidence/binomial.h"

#include <math.h>  // lgamma_r: std::lgamma writes a global

#include <cmath>
#include <limits>

#include "base/check.h"

namespace croft {
namespace {

double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

/// The continued fraction of the incomplete beta function by Lentz's method; it converges in
/// O(sqrt(max(a, b))) steps for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int steps_max = 100'000;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1.0;
  double d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
  double fraction = d;
  for (int step = 1; step <= steps_max; ++step) {
    const double m = step;
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / away_from_zero(1.0 + even * d);
    c = away_from_zero(1.0 + even / c);
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / away_from_zero(1.0 + odd * d);
    c = away_from_zero(1.0 + odd / c);
    const double factor = c * d;
    fraction *= factor;
    if (std::abs(factor - 1.0) < std::numeric_limits<double>::epsilon()) break;
  }
  return fraction;
}

/// The regularised incomplete beta function I_x(a, b), a and b > 0.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

/// The p at which `rising(p)`, an increasing function, crosses `target`.
template <typename Rising>
double solve(double target, Rising rising) {
  double low = 0.0, high = 1.0;
  for (int step = 0; step < 200 && high - low > 1e-15; ++step) {
    const double middle = 0.5 * (low + high);
    (rising(middle) < target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  CHECK(n >= 0 && p >= 0.0 && p <= 1.0);
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  return incomplete_beta(static_cast<double>(n - k), static_cast<double>(k) + 1.0, 1.0 - p);
}

ShareInterval clopper_pearson(std::int64_t k, std::int64_t n, double confidence) {
  CHECK(k >= 0 && k <= n && confidence > 0.0 && confidence < 1.0);
  const double tail = 0.5 * (1.0 - confidence);
  const double successes = static_cast<double>(k), failures = static_cast<double>(n - k);
  ShareInterval interval;
  if (k > 0)
    interval.low = solve(tail, [&](double p) {
      return incomplete_beta(successes, failures + 1.0, p);  // P(X >= k)
    });
  if (k < n)
    interval.high = solve(1.0 - tail, [&](double p) {
      return incomplete_beta(successes + 1.0, failures, p);  // P(X > k)
    });
  return interval;
}

}  // namespace croft
