#pragma once

/// Exact percentiles of all samples, as JSON.

#include <cstdint>
#include <string>
#include <vector>

namespace croft::overhead {

/// {"count": .., "mean": .., "p50": .., "p90": .., "p99": .., "p999": .., "max": ..} of
/// nanoseconds, in microseconds; null of nothing. Sorts `samples`.
std::string microseconds_json(std::vector<std::int64_t>& samples);

}  // namespace croft::overhead
