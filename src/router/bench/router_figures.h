#pragma once
/// Frontiers of several routers over the same rows, and what part of the gap to the oracle they
/// close.

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/bench/estimate.h"
#include "router/bench/gap_closed.h"
#include "router/bench/outcome_pairs.h"
#include "router/confidence/frontier.h"

namespace croft {

struct RouterFigures {
  std::string name;   ///< for people: "prompt only"
  std::string key;    ///< for JSON: "prompt"
  Frontier frontier;  ///< in the order of expected benefit
  /// How well the router tells the weak model's right answers from its wrong ones; empty for
  /// routers that do not estimate that.
  std::optional<double> auc;
  std::optional<ShareInterval> auc_interval;
  std::optional<GapClosed> gap;  ///< against the prompt-only router, where there is one
};

/// What both models are worth on these rows, and together.
struct PairAccuracy {
  std::size_t rows = 0;
  Estimate weak, strong, oracle;
  std::size_t only_weak = 0;    ///< rows where only the weak model is right
  std::size_t only_strong = 0;  ///< likewise
};
[[nodiscard]] PairAccuracy pair_accuracy(const OutcomePairs& pairs);

struct FigureOptions {
  std::size_t resamples = 1000;
  std::uint64_t seed = 1;
};

/// `staying`: high where the weak answer stays. `weak_right`: what the AUC is of, or empty.
Result<RouterFigures> router_figures(std::string name, std::string key,
                                     const std::vector<double>& staying,
                                     const std::vector<double>& weak_right,
                                     const OutcomePairs& pairs, const FigureOptions& options);
/// Who escalates in no order, and who knows both outcomes.
Result<RouterFigures> random_figures(const OutcomePairs& pairs, const FigureOptions& options);
Result<RouterFigures> oracle_figures(const OutcomePairs& pairs, const FigureOptions& options);

}  // namespace croft
