#include "router/gates/intent_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace croft {
namespace {

/// SplitMix64: the same numbers from every compiler, as std::shuffle's are not.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t value = state += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

void shuffle(std::vector<std::uint32_t>& values, std::uint64_t& state) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[next_random(state) % i]);
}

}  // namespace

float IntentSolver::pass(const IntentMatrix& rows, std::span<const std::uint32_t> label_of_row,
                         std::uint32_t label, const SolverOptions& options, float leave_above,
                         float& smallest) {
  const float diagonal_of_others = 0.5f / options.cost;
  const float diagonal_of_label = diagonal_of_others / options.cost_of_label;
  float largest = -std::numeric_limits<float>::infinity();
  std::size_t kept = 0;
  for (const std::uint32_t i : active_) {
    const bool is_label = label_of_row[i] == label;
    const float sign = is_label ? 1.0f : -1.0f;
    const float diagonal = is_label ? diagonal_of_label : diagonal_of_others;
    const auto row = rows.row(i);
    float product = bias_;
    for (const auto& [column, value] : row) product += weights_[column] * value;
    const float gradient = sign * product - 1.0f + alphas_[i] * diagonal;
    float projected = gradient;
    if (alphas_[i] == 0.0f) {
      if (gradient > leave_above) continue;  // stays at its bound: left out from here on
      projected = std::min(gradient, 0.0f);
    }
    active_[kept++] = i;
    largest = std::max(largest, projected);
    smallest = std::min(smallest, projected);
    if (std::abs(projected) < 1e-12f) continue;
    // |x|² is 1, and 1 more for the bias.
    const float norm = row.empty() ? 1.0f : 2.0f;
    const float before = alphas_[i];
    alphas_[i] = std::max(before - gradient / (norm + diagonal), 0.0f);
    const float step = (alphas_[i] - before) * sign;
    bias_ += step;
    for (const auto& [column, value] : row) weights_[column] += step * value;
  }
  active_.resize(kept);
  return largest;
}

void IntentSolver::solve(const IntentMatrix& rows, std::span<const std::uint32_t> label_of_row,
                         std::uint32_t label, const SolverOptions& options) {
  const float infinity = std::numeric_limits<float>::infinity();
  weights_.assign(rows.columns_count, 0.0f);
  alphas_.assign(rows.rows_count(), 0.0f);
  bias_ = 0.0f;
  active_.resize(rows.rows_count());
  std::iota(active_.begin(), active_.end(), 0u);
  std::uint64_t random = options.seed * 0x2545F4914F6CDD1Du + label;
  float leave_above = infinity;
  for (std::size_t number = 0; number < options.passes_max; ++number) {
    shuffle(active_, random);
    float smallest = infinity;
    const float largest = pass(rows, label_of_row, label, options, leave_above, smallest);
    if (active_.empty() || largest - smallest <= options.tolerance) {
      if (active_.size() == rows.rows_count()) return;
      // Done with these; the ones left out must agree.
      active_.resize(rows.rows_count());
      std::iota(active_.begin(), active_.end(), 0u);
      leave_above = infinity;
      continue;
    }
    leave_above = largest > 0.0f ? largest : infinity;
  }
}

}  // namespace croft
