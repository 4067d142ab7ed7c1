#pragma once
/// Quality against escalation: what a score is worth as a router between a weak and a strong model.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "router/confidence/binomial.h"

namespace croft {

struct FrontierPoint {
  double escalated = 0.0;  ///< share sent to the strong model, lowest scores first
  double quality = 0.0;    ///< mean over all rows
  ShareInterval interval;  ///< of the quality, by bootstrap
};

struct Frontier {
  std::size_t rows = 0;
  double weak = 0.0;          ///< quality with nothing escalated
  double strong = 0.0;        ///< with everything escalated
  double oracle = 0.0;        ///< the best of both for every row
  std::optional<double> auc;  ///< how well the score orders "weak is right"
  std::optional<ShareInterval> auc_interval;
  double area = 0.0;  ///< mean quality over all shares of escalation
  ShareInterval area_interval;
  /// Least share escalated that reaches `target` times strong; empty where no share does.
  std::optional<double> share_for_target;
  std::optional<ShareInterval> share_interval;
  std::vector<FrontierPoint> curve;  ///< ascending shares, both ends included
};

struct FrontierOptions {
  double target = 0.95;  ///< of the strong model's quality
  std::size_t points = 101;
  std::size_t resamples = 1000;  ///< of the bootstrap; 0 leaves intervals as [value, value]
  double confidence = 0.95;
  std::uint64_t seed = 1;  ///< the same seed gives the same intervals
};

/// `scores`: high where the weak model's answer is trusted. `weak_ok`, `strong_ok`: quality of each
/// model's answer, 0 to 1. Rows with the same score are escalated in no order: their mean counts.
/// Errors: InvalidArgument (no rows, lengths that differ, values that are not finite or out of
/// range, fewer than 2 points). Time: O(rows (log rows + resamples)).
Result<Frontier> frontier(std::span<const double> scores, std::span<const double> weak_ok,
                          std::span<const double> strong_ok, const FrontierOptions& options = {});

}  // namespace croft
