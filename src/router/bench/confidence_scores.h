#pragma once
/// A router that sees the answer's signals: the confidence model of src/router/confidence, fitted
/// to "the weak answer is right" and to "the strong one is", every row judged by models that have
/// not seen it.

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "router/bench/outcome_pairs.h"
#include "router/bench/prompt_scores.h"
#include "router/confidence/confidence_model.h"

namespace croft {

/// `folds_of_rows` says which part each row belongs to, below `folds`. A row that a model cannot
/// judge (confidence_model.h) gets weak 0 and strong 1: it is escalated first. Where only one
/// outcome occurs in the other parts, that outcome is expected of all.
/// With `prompts`, whose parts must be the same, each model also gets what the prompt alone makes
/// expect of its answer, in the place of the feature intent_probability; the regressions behind
/// that have seen neither the row that is judged nor the row that is learnt from.
/// Errors: Unproven (fewer than 20 rows outside a part, no feature that varies).
Result<ExpectedOutcomes> score_signals(std::span<const ConfidenceFeatures> features,
                                       const OutcomePairs& pairs,
                                       std::span<const std::uint32_t> folds_of_rows,
                                       std::uint32_t folds, const ConfidenceTraining& training,
                                       const NestedPromptScores* prompts = nullptr);

}  // namespace croft
