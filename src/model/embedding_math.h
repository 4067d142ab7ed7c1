#pragma once
/// Arithmetic on embedding vectors.

#include <cmath>
#include <span>

namespace croft {

/// Scales to length 1; a vector of zeros stays, one that holds NaN or infinity becomes NaN.
inline void normalize_length(std::span<float> vector) {
  double sum = 0.0;
  for (const float v : vector) sum += static_cast<double>(v) * static_cast<double>(v);
  if (sum == 0.0) return;
  const double factor = 1.0 / std::sqrt(sum);  // beyond float's range for a vector of 1e-40
  for (float& v : vector) v = static_cast<float>(static_cast<double>(v) * factor);
}

}  // namespace croft
