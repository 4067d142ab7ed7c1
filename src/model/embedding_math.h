#pragma once
/// Arithmetic on embedding vectors.

#include <cmath>
#include <span>

namespace croft {

/// Scales to length 1; a vector of zeros stays.
inline void normalize_length(std::span<float> vector) {
  double sum = 0.0;
  for (const float v : vector) sum += static_cast<double>(v) * static_cast<double>(v);
  if (sum == 0.0) return;
  const auto factor = static_cast<float>(1.0 / std::sqrt(sum));
  for (float& v : vector) v *= factor;
}

}  // namespace croft
