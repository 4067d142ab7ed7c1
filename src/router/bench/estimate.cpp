#include "router/bench/estimate.h"

#include <algorithm>
#include <cmath>

namespace croft {
namespace {
constexpr double wilson_z = 1.959964;  // 95 %, two-sided
constexpr double undefined_share_max = 0.025;
}  // namespace

Estimate wilson_share(double successes, std::size_t count) {
  const auto n = static_cast<double>(count);
  const double share = successes / n, z2 = wilson_z * wilson_z;
  const double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half =
      wilson_z * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {share, std::max(middle - half, 0.0), std::min(middle + half, 1.0)};
}

Estimate percentile_estimate(std::optional<double> value,
                             std::span<const std::optional<double>> resampled, double confidence) {
  std::vector<double> known;
  for (const auto& one : resampled)
    if (one) known.push_back(*one);
  if (!value || resampled.empty()) return {value, value.value_or(0.0), value.value_or(0.0)};
  const auto undefined = static_cast<double>(resampled.size() - known.size());
  if (undefined > undefined_share_max * static_cast<double>(resampled.size())) return {};
  std::ranges::sort(known);
  const auto at = [&](double share) {
    return known[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(known.size() - 1)))];
  };
  const double tail = 0.5 * (1.0 - confidence);
  return {value, at(tail), at(1.0 - tail)};
}

void draw_resample(std::mt19937_64& random, std::span<std::uint32_t> counts) {
  std::ranges::fill(counts, 0U);
  for (std::size_t i = 0; i < counts.size(); ++i)
    ++counts[static_cast<std::size_t>((static_cast<__uint128_t>(random()) * counts.size()) >> 64)];
}

}  // namespace croft
