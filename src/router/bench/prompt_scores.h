#pragma once
/// A router that sees only the prompt: ridge regression of "is right" on the gates' hashed features
/// of the text, for the weak and for the strong model, every row judged by a regression that has
/// not seen it.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "router/bench/outcome_pairs.h"

namespace croft {

struct PromptScoreOptions {
  std::uint32_t folds = 5;
  std::uint64_t seed = 1;   ///< of the folds and of the order in which rows are visited
  double penalty = 3.0;     ///< L2, on vectors of length 1
  std::size_t threads = 0;  ///< 0: one per CPU this process may use
};

/// For those who learn from prompt scores in their turn: `without[f]` judges every row by
/// regressions that saw neither the row's part nor part f.
struct NestedPromptScores {
  std::vector<std::uint32_t> folds;
  std::vector<ExpectedOutcomes> without;

  /// Every row by a regression on all other parts.
  [[nodiscard]] ExpectedOutcomes plain() const;
};

/// Requires prompts. The result depends on rows, seed and penalty, not on the threads.
/// Errors: InvalidArgument (all rows fall into fewer than three parts); TooLarge (intent_matrix.h).
Result<NestedPromptScores> score_prompts_nested(const OutcomePairs& pairs,
                                                const PromptScoreOptions& options);
/// plain() of it, without the work for the rest; two parts will do.
Result<ExpectedOutcomes> score_prompts(const OutcomePairs& pairs,
                                       const PromptScoreOptions& options);

}  // namespace croft
