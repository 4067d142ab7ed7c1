#pragma once
/// A stated mix of tasks through one threshold: how much stays local, what quality is kept, what is
/// saved.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/bench/estimate.h"

namespace croft {

/// Row by row; `staying` is high where the local answer stays.
struct MixTask {
  std::string name;
  std::vector<double> weak, strong, staying;
  std::vector<double> cloud_cost, local_cost;
  std::vector<std::uint32_t> folds;
};

struct MixOptions {
  double max_loss = 0.05;  ///< of the cloud's quality over the mix
  std::uint32_t folds = 5;
  std::size_t resamples = 1000;
  double confidence = 0.95;
  std::uint64_t seed = 1;
};

/// Shares of the mix: of its requests, of the cloud's quality, of the cloud's cost.
struct MixFigures {
  Estimate local, kept, saved;
};

/// Every task counts by its weight, whatever its number of rows. Rows of each part of the folds
/// are routed by a threshold that was chosen on the other parts: the one that escalates least and
/// keeps 1 - max_loss of the cloud's quality there (or all, where none does). An escalated request
/// costs the cloud's answer and the local one, which was tried first. Resamples draw within each
/// task and choose their thresholds anew.
/// Errors: InvalidArgument (no task with weight, lengths that differ, a task without rows).
Result<MixFigures> mix_figures(std::span<const MixTask> tasks, std::span<const double> weights,
                               const MixOptions& options);

/// All weights that are multiples of 1 / steps and sum to 1, in a fixed order.
[[nodiscard]] std::vector<std::vector<double>> mix_grid(std::size_t tasks, std::size_t steps);

}  // namespace croft
