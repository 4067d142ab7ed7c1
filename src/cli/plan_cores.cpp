#include "cli/plan_cores.h"

#include <algorithm>

namespace croft::cli {
namespace {

/// Seconds with one thread more / seconds now.
double amdahl_factor(std::span<const ThreadTimes> measured, double ThreadTimes::* part) {
  // Least squares of a + b / n, relative to the times: the short ones count as much as the long.
  double w = 0.0, wx = 0.0, wy = 0.0, wxx = 0.0, wxy = 0.0;
  for (const ThreadTimes& times : measured) {
    const double y = times.*part;
    const double x = 1.0 / static_cast<double>(times.threads);
    const double weight = 1.0 / (y * y);
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const double apart = w * wxx - wx * wx;
  // Counts too close together, or one time that outweighs all others, say nothing.
  if (!(apart > 1e-9 * w * wxx)) return 1.0;
  const double parallel = std::max((w * wxy - wx * wy) / apart, 0.0);
  // More than linear is noise or a cache; it is not promised for the next core.
  const double serial = std::max((wy - parallel * wx) / w, 0.0);
  const auto threads = static_cast<double>(measured.back().threads);
  return (serial + parallel / (threads + 1)) / (serial + parallel / threads);
}

}  // namespace

std::optional<CoreGain> one_core_more(std::span<const ThreadTimes> measured) {
  if (measured.size() < 2) return std::nullopt;
  const auto half = [](double factor) { return (1.0 + factor) / 2; };
  CoreGain gain;
  gain.high = {.prompt = amdahl_factor(measured, &ThreadTimes::prompt_s),
               .answer_one = amdahl_factor(measured, &ThreadTimes::answer_one_s),
               .answers = amdahl_factor(measured, &ThreadTimes::answers_s)};
  gain.low = {
      .prompt = half(gain.high.prompt), .answer_one = 1.0, .answers = half(gain.high.answers)};
  return gain;
}

}  // namespace croft::cli
