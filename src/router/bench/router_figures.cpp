#include "router/bench/router_figures.h"

#include <algorithm>
#include <utility>

namespace croft {

PairAccuracy pair_accuracy(const OutcomePairs& pairs) {
  PairAccuracy out;
  out.rows = pairs.size();
  double weak = 0.0, strong = 0.0, best = 0.0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    weak += pairs.weak[i];
    strong += pairs.strong[i];
    best += std::max(pairs.weak[i], pairs.strong[i]);
    if (pairs.weak[i] > pairs.strong[i]) ++out.only_weak;
    if (pairs.weak[i] < pairs.strong[i]) ++out.only_strong;
  }
  out.weak = wilson_share(weak, pairs.size());
  out.strong = wilson_share(strong, pairs.size());
  out.oracle = wilson_share(best, pairs.size());
  return out;
}

Result<RouterFigures> router_figures(std::string name, std::string key,
                                     const std::vector<double>& staying,
                                     const std::vector<double>& weak_right,
                                     const OutcomePairs& pairs, const FigureOptions& options) {
  FrontierOptions settings{.resamples = options.resamples, .seed = options.seed};
  RouterFigures out;
  out.name = std::move(name);
  out.key = std::move(key);
  out.frontier = TRY(frontier(staying, pairs.weak, pairs.strong, settings));
  if (!weak_right.empty()) {
    settings.points = 2;
    const Frontier by_weak = TRY(frontier(weak_right, pairs.weak, pairs.strong, settings));
    out.auc = by_weak.auc;
    out.auc_interval = by_weak.auc_interval;
  }
  return out;
}

Result<RouterFigures> random_figures(const OutcomePairs& pairs, const FigureOptions& options) {
  return router_figures("random", "random", std::vector<double>(pairs.size(), 0.0), {}, pairs,
                        options);
}

Result<RouterFigures> oracle_figures(const OutcomePairs& pairs, const FigureOptions& options) {
  std::vector<double> known(pairs.size());
  std::ranges::transform(pairs.weak, pairs.strong, known.begin(),
                         [](double weak, double strong) { return weak - strong; });
  return router_figures("oracle", "oracle", known, {}, pairs, options);
}

}  // namespace croft
