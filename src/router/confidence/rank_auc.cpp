#include "router/confidence/rank_auc.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "base/check.h"

namespace croft {

std::optional<double> rank_auc(std::span<const double> scores, std::span<const double> good) {
  CHECK(scores.size() == good.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double pairs_won = 0.0, bad_below = 0.0, good_in_all = 0.0;
  for (std::size_t begin = 0; begin < order.size();) {
    double good_here = 0.0, bad_here = 0.0;
    std::size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      good_here += good[order[end]];
      bad_here += 1.0 - good[order[end]];
    }
    pairs_won += good_here * (bad_below + 0.5 * bad_here);
    bad_below += bad_here;
    good_in_all += good_here;
    begin = end;
  }
  if (good_in_all <= 0.0 || bad_below <= 0.0) return std::nullopt;
  return pairs_won / (good_in_all * bad_below);
}

}  // namespace croft
