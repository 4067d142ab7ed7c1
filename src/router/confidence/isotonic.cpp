#include "router/confidence/isotonic.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "base/check.h"

namespace croft {
namespace {

/// Neighbours with one value.
struct Block {
  double first_x;
  double last_x;
  double sum;
  double weight;
  [[nodiscard]] double mean() const { return sum / weight; }
};

}  // namespace

std::vector<CurvePoint> fit_isotonic(std::span<const double> x, std::span<const double> y) {
  CHECK(!x.empty() && x.size() == y.size());
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
  std::vector<Block> same_x;
  for (const std::size_t i : order) {
    if (same_x.empty() || same_x.back().last_x != x[i]) {
      same_x.push_back({x[i], x[i], y[i], 1.0});
    } else {
      same_x.back().sum += y[i];
      same_x.back().weight += 1.0;
    }
  }
  std::vector<Block> blocks;
  for (const Block& block : same_x) {
    blocks.push_back(block);
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() >= blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().last_x = last.last_x;
      blocks.back().sum += last.sum;
      blocks.back().weight += last.weight;
    }
  }
  std::vector<CurvePoint> curve;
  for (const Block& block : blocks) {
    curve.push_back({block.first_x, block.mean()});
    if (block.last_x > block.first_x) curve.push_back({block.last_x, block.mean()});
  }
  return curve;
}

double curve_at(std::span<const CurvePoint> curve, double x) {
  const auto above = std::upper_bound(curve.begin(), curve.end(), x,
                                      [](double at, const CurvePoint& p) { return at < p.x; });
  if (above == curve.begin()) return curve.front().y;
  if (above == curve.end()) return curve.back().y;
  const CurvePoint& low = *(above - 1);
  return low.y + (above->y - low.y) * ((x - low.x) / (above->x - low.x));
}

}  // namespace croft
