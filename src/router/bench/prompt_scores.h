#pragma once
/// A router that sees only the prompt: ridge regression of "is right" on the gates' hashed features
/// of the text, for the weak and for the strong model, every row judged by a regression that has
/// not seen it.

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "router/bench/outcome_pairs.h"

namespace croft {

struct PromptScoreOptions {
  std::uint32_t folds = 5;
  std::uint64_t seed = 1;   ///< of the folds and of the order in which rows are visited
  double penalty = 3.0;     ///< L2, on vectors of length 1
  std::size_t threads = 0;  ///< 0: one per CPU this process may use
};

/// Requires prompts. The result depends on rows, seed and penalty, not on the threads.
/// Errors: InvalidArgument (a fold's complement has no rows); TooLarge (intent_matrix.h).
Result<ExpectedOutcomes> score_prompts(const OutcomePairs& pairs,
                                       const PromptScoreOptions& options);

}  // namespace croft
