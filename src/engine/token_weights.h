#pragma once
/// Unnormalised probabilities of a whole vocabulary, and finding the best of them without sorting.

#include <cstddef>
#include <span>
#include <vector>

namespace croft {

/// exp((logit - largest) / temperature) for every token, with sums of runs so that a draw walks
/// runs and not tokens. The arithmetic is plain float operations in one order: the same logits give
/// the same weights on every machine.
class TokenWeights {
 public:
  static constexpr std::size_t run = 64;

  /// Requires: logits are finite and not empty, temperature > 0. Relative error of a weight below
  /// 1e-6 of itself, and 0 instead of less than 2e-38.
  void compute(std::span<const float> logits, float largest, float temperature);

  [[nodiscard]] std::span<const float> values() const { return values_; }
  [[nodiscard]] double total() const { return total_; }
  /// The token at which the running sum passes `mass`; the last one with any weight if none does.
  [[nodiscard]] std::size_t at_mass(double mass) const;
  /// A weight that at least `count` tokens reach, close below the count-th largest; 0 when that is
  /// more than there are runs.
  [[nodiscard]] float bound_of_best(std::size_t count) const;

 private:
  std::vector<float> values_;
  std::vector<double> run_sums_;
  std::vector<float> run_maxima_;
  mutable std::vector<float> order_;
  double total_ = 0.0;
};

}  // namespace croft
