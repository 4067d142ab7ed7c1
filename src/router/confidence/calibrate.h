#pragma once
/// From labelled answers to a calibration, or to "insufficient evidence".

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/confidence/calibration.h"
#include "router/confidence/labelled_answers.h"

namespace croft {

struct CalibrationOptions {
  CalibrationMethod method = CalibrationMethod::LearnThenTest;
  double max_worse = 0.05;   ///< alpha, above 0 and below 1
  double confidence = 0.95;  ///< 1 - delta, above 0 and below 1
  DecisionPoint decide_at = DecisionPoint::End;
  double early_loss = 0.02;  ///< what each earlier point may lose (serving_rule.h)
  double fit_share = 0.4;    ///< of the rows; what is left of fit and calibrate is the test
  double calibrate_share = 0.4;
  std::uint64_t seed = 0;  ///< another one splits the rows otherwise
  bool isotonic = false;
  double penalty = 1.0;                          ///< L2 of the logistic regression
  std::vector<ConfidenceFeature> features = {};  ///< empty: all that vary
  std::string task = {};                         ///< only rows of this one; empty: all rows
};

/// Splits rows by a hash of their id into fit, calibrate and test; fits a model per decision point
/// on the first, finds the cheapest rule that holds on the second, and measures it on the third.
/// The same rows in any order, with the same options, give the same calibration.
///
/// Fields about model, template and time stay as the data's header gives them, or empty.
/// Errors: Unproven ("insufficient evidence", with how many rows would do where that is known);
/// InvalidArgument (an option out of range, a row without features at the deciding point, no rows
/// of the task).
Result<Calibration> calibrate(const LabelledAnswers& data, const CalibrationOptions& options);

}  // namespace croft
