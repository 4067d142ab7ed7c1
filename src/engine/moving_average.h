#pragma once
/// A mean that follows what changes.

namespace croft {

/// Moves `mean` towards a new value; the first one is taken as it is. 0 means: nothing was
/// measured.
inline void add_to_average(double& mean, double value) {
  constexpr double newest = 0.2;
  mean = mean == 0.0 ? value : (1.0 - newest) * mean + newest * value;
}

}  // namespace croft
