#pragma once
/// From confidences of rows that a model was not trained on: the threshold of "no signal", and what
/// a confidence is worth as a probability.

#include <span>

#include "router/gates/intent_model.h"
#include "router/gates/intent_report.h"

namespace croft {

/// The threshold lets the share `in_scope_kept` of rows in scope through, right or wrong. With at
/// least 20 rows out of scope it is no higher than what stops 9 of 10 of them: past that, it would
/// only cost answers.
/// The probability is a logistic function of confidence, fitted to whether the best label is right
/// (out of scope it never is). Requires at least one row in scope.
IntentCalibration calibrate_intents(std::span<const IntentOutcome> held_out, double in_scope_kept);

}  // namespace croft
