#pragma once
/// Trains an intent model and says, from rows held out, how good it is.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/gates/intent_model.h"
#include "router/gates/intent_report.h"
#include "router/gates/intent_rows.h"

namespace croft {

/// Weights of one model while it is trained, 4 bytes each: with more labels fewer features fit.
inline constexpr std::size_t intent_weights_max = 64'000'000;

struct IntentTrainingOptions {
  IntentFeatureSettings features = {};
  float cost = 1.0f;            ///< IntentSolver's C
  std::size_t folds = 5;        ///< 2 to 20
  double in_scope_kept = 0.98;  ///< share of held-out rows in scope that the threshold lets through
  std::uint64_t seed = 1;
  std::size_t threads = 0;  ///< 0: one a CPU; the result does not depend on it
  std::stop_token stop = {};
  /// Separators trained, of all. Called by one thread at a time.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress = {};
};

struct IntentTraining {
  IntentModelData data;
  std::vector<IntentOutcome> held_out;  ///< one a row, in their order, by cross-validation
  IntentReport report;                  ///< of held_out
  std::vector<std::string> warnings;
};

/// Cross-validates (every row is judged by a model that has not seen its text), sets the threshold
/// from that, then trains on all rows. Rows out of scope are counter-examples for every label.
/// Errors: InvalidArgument (fewer than 2 labels in scope, no text with a word, a fold more than
/// rows); TooLarge; Cancelled.
Result<IntentTraining> train_intents(const IntentRows& rows, const IntentTrainingOptions& options);

}  // namespace croft
