#pragma once
/// Isotonic regression: the non-decreasing curve closest to the data, by pooling adjacent
/// violators.

#include <span>
#include <vector>

namespace croft {

struct CurvePoint {
  double x = 0.0;
  double y = 0.0;
};

/// The least-squares fit of a non-decreasing function to (x, y) pairs, as the corners of a
/// piecewise linear curve: x strictly ascending, y ascending. Pairs with the same x count as one
/// with their mean. Requires: as many y as x, at least one, all finite. O(n log n).
[[nodiscard]] std::vector<CurvePoint> fit_isotonic(std::span<const double> x,
                                                   std::span<const double> y);

/// The curve at x, linear between corners and constant beyond its ends. Requires: not empty.
[[nodiscard]] double curve_at(std::span<const CurvePoint> curve, double x);

}  // namespace croft
