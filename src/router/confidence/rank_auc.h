#pragma once
/// How well scores order outcomes.

#include <optional>
#include <span>

namespace croft {

/// The area under the ROC curve: how often a good row has a higher score than a bad one, ties
/// counting half. `good` in [0, 1]; a value between counts as part good, part bad. nullopt where
/// there are only good or only bad rows. Requires: as many scores as outcomes. O(n log n).
[[nodiscard]] std::optional<double> rank_auc(std::span<const double> scores,
                                             std::span<const double> good);

}  // namespace croft
