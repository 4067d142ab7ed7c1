#pragma once
/// One linear separator: a label against all others.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/gates/intent_matrix.h"

namespace croft {

struct SolverOptions {
  float cost = 1.0f;  ///< C, what a row on the wrong side costs against the length of the weights
  /// A row of the label costs this many times as much: there are far fewer than of all others.
  float cost_of_label = 5.0f;
  float tolerance = 0.1f;  ///< of the largest violation; 0.01 gives the same answers, later
  std::size_t passes_max = 200;
  std::uint64_t seed = 1;
};

/// A separator, and memory that the next call uses again. Not for several threads at once.
///
/// Minimises 1/2 |w|² + 1/2 b² + Σ C_i max(0, 1 - y_i (w·x_i + b))² by going through the dual one
/// row at a time in random order (Hsieh, Chang, Lin, Keerthi, Sundararajan: A dual coordinate
/// descent method for large-scale linear SVM, 2008), with rows left out that stay at their bound.
/// The result depends on rows, options and seed only.
class IntentSolver {
 public:
  /// Rows with label_of_row[i] == label are +1, all others -1.
  void solve(const IntentMatrix& rows, std::span<const std::uint32_t> label_of_row,
             std::uint32_t label, const SolverOptions& options);

  [[nodiscard]] std::span<const float> weights() const { return weights_; }
  [[nodiscard]] float bias() const { return bias_; }

 private:
  /// One pass over the active rows; returns the largest violation seen.
  float pass(const IntentMatrix& rows, std::span<const std::uint32_t> label_of_row,
             std::uint32_t label, const SolverOptions& options, float leave_above, float& smallest);

  std::vector<float> weights_;
  float bias_ = 0.0f;
  std::vector<float> alphas_;
  std::vector<std::uint32_t> active_;
};

}  // namespace croft
