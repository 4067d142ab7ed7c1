#include "router/confidence/logistic_fit.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace croft {
namespace {

/// One Newton system: gradient and (upper left of the symmetric) Hessian, intercept first.
struct NewtonSystem {
  std::vector<double> gradient;
  std::vector<double> hessian;  ///< [size, size], row-major, lower triangle
};

struct Problem {
  std::span<const double> rows;
  std::size_t columns;
  std::span<const double> targets;
  double penalty;

  [[nodiscard]] std::size_t size() const { return columns + 1; }
  [[nodiscard]] const double* row(std::size_t i) const { return rows.data() + i * columns; }
  [[nodiscard]] double logit(const std::vector<double>& at, std::size_t i) const {
    double sum = at[0];
    for (std::size_t j = 0; j < columns; ++j) sum += at[j + 1] * row(i)[j];
    return sum;
  }
  [[nodiscard]] double objective(const std::vector<double>& at) const;
  void system(const std::vector<double>& at, NewtonSystem& out) const;
};

/// log(1 + exp(x)), without overflow.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double Problem::objective(const std::vector<double>& at) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double z = logit(at, i);
    sum += softplus(z) - targets[i] * z;
  }
  for (std::size_t j = 1; j < size(); ++j) sum += 0.5 * penalty * at[j] * at[j];
  return sum;
}

void Problem::system(const std::vector<double>& at, NewtonSystem& out) const {
  const std::size_t n = size();
  out.gradient.assign(n, 0.0);
  out.hessian.assign(n * n, 0.0);
  std::vector<double> x(n, 1.0);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t j = 0; j < columns; ++j) x[j + 1] = row(i)[j];
    const double p = sigmoid(logit(at, i));
    const double slope = p * (1.0 - p);
    for (std::size_t j = 0; j < n; ++j) {
      out.gradient[j] += (p - targets[i]) * x[j];
      for (std::size_t k = 0; k <= j; ++k) out.hessian[j * n + k] += slope * x[j] * x[k];
    }
  }
  // A row that is predicted for certain adds nothing: keep the matrix positive definite.
  out.hessian[0] += 1e-9;
  for (std::size_t j = 1; j < n; ++j) {
    out.gradient[j] += penalty * at[j];
    out.hessian[j * n + j] += penalty;
  }
}

/// Solves hessian * step = gradient in place by Cholesky; false where it is not positive definite.
bool solve(NewtonSystem& system, std::vector<double>& step) {
  const std::size_t n = system.gradient.size();
  std::vector<double>& l = system.hessian;
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      double sum = l[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i * n + k] * l[j * n + k];
      if (i == j) {
        if (!(sum > 0.0)) return false;
        l[j * n + j] = std::sqrt(sum);
      } else {
        l[i * n + j] = sum / l[j * n + j];
      }
    }
  }
  step = system.gradient;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) step[i] -= l[i * n + k] * step[k];
    step[i] /= l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) step[i] -= l[k * n + i] * step[k];
    step[i] /= l[i * n + i];
  }
  return true;
}

}  // namespace

double sigmoid(double x) {
  if (x >= 0.0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

Result<LogisticFit> fit_logistic(std::span<const double> rows, std::size_t column_count,
                                 std::span<const double> targets, double penalty) {
  CHECK(penalty > 0.0 && rows.size() == column_count * targets.size());
  double sum = 0.0;
  for (const double target : targets) sum += target;
  if (sum <= 0.0 || sum >= static_cast<double>(targets.size()))
    return fail(ErrorCode::Unproven,
                "insufficient evidence: all " + std::to_string(targets.size()) +
                    " rows to learn from have the same outcome",
                "Add rows of the other kind: acceptable answers and answers that are not.");
  constexpr std::size_t iterations_max = 100;
  const Problem problem{rows, column_count, targets, penalty};
  std::vector<double> at(problem.size(), 0.0), next(problem.size()), step;
  const double share = sum / static_cast<double>(targets.size());
  at[0] = std::log(share / (1.0 - share));
  double objective = problem.objective(at);
  NewtonSystem system;
  std::size_t iteration = 0;
  for (; iteration < iterations_max; ++iteration) {
    problem.system(at, system);
    const double steepest =
        std::ranges::max(system.gradient, {}, [](double g) { return std::abs(g); });
    if (std::abs(steepest) <= 1e-10 * static_cast<double>(targets.size())) break;
    if (!solve(system, step)) break;
    // Full steps may overshoot far from the minimum; halving keeps the objective falling.
    bool fell = false;
    for (double scale = 1.0; scale > 1e-10 && !fell; scale *= 0.5) {
      for (std::size_t j = 0; j < at.size(); ++j) next[j] = at[j] - scale * step[j];
      const double reached = problem.objective(next);
      fell = reached < objective;
      if (fell) objective = reached;
    }
    if (!fell) break;  // as exact as the arithmetic is
    at.swap(next);
  }
  return LogisticFit{at[0], {at.begin() + 1, at.end()}, iteration};
}

}  // namespace croft
