#include "figures.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace croft::overhead {
namespace {

/// Linear between neighbours, as bench/serve/figures.py has it.
double percentile(const std::vector<std::int64_t>& sorted, double share) {
  const double at = static_cast<double>(sorted.size() - 1) * share;
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const auto left = static_cast<double>(sorted[low]), right = static_cast<double>(sorted[high]);
  return left + (right - left) * (at - static_cast<double>(low));
}

}  // namespace

std::string microseconds_json(std::vector<std::int64_t>& samples) {
  if (samples.empty()) return "null";
  std::ranges::sort(samples);
  const double mean =
      std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  char text[256];
  std::snprintf(text, sizeof text,
                "{\"count\": %zu, \"mean\": %.2f, \"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, "
                "\"p999\": %.2f, \"max\": %.2f}",
                samples.size(), mean / 1e3, percentile(samples, 0.5) / 1e3,
                percentile(samples, 0.9) / 1e3, percentile(samples, 0.99) / 1e3,
                percentile(samples, 0.999) / 1e3, static_cast<double>(samples.back()) / 1e3);
  return text;
}

}  // namespace croft::overhead
