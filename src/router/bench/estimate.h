#pragma once
/// A figure with its interval: Wilson's for shares, bootstrap percentiles for everything else.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace croft {

/// `value` is empty where the data do not define the figure (a ratio without a denominator).
struct Estimate {
  std::optional<double> value;
  double low = 0.0;
  double high = 0.0;
};

/// A share of rows with the interval of Wilson at 95 %. Requires count > 0.
[[nodiscard]] Estimate wilson_share(double successes, std::size_t count);

/// The middle `confidence` of what resamples gave. Resamples in which the figure is not defined are
/// left out; where they are over 2.5 % of all, so is the figure.
[[nodiscard]] Estimate percentile_estimate(std::optional<double> value,
                                           std::span<const std::optional<double>> resampled,
                                           double confidence);

/// How often each of `counts.size()` rows is in a resample of as many. The numbers are the same on
/// every machine, which those of the standard library's distributions are not.
void draw_resample(std::mt19937_64& random, std::span<std::uint32_t> counts);

}  // namespace croft
