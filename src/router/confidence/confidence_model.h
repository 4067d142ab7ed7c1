#pragma once
/// P(acceptable) from the features of one decision point: a logistic regression on standardised
/// features, and where asked for an isotonic curve on top.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "router/confidence/confidence_features.h"
#include "router/confidence/isotonic.h"

namespace croft {

/// One feature's part of the logit: weight * (value - mean) / scale, counts as log(1 + value).
struct ConfidenceTerm {
  ConfidenceFeature feature{};
  double mean = 0.0;
  double scale = 1.0;  ///< > 0
  double weight = 0.0;
  /// What an unknown value adds: it counts as the mean, and "unknown" has a weight of its own.
  /// Empty where no row of the training lacked the feature: the model cannot judge without it.
  std::optional<double> missing_weight = {};
};

/// Immutable after it is made; safe from any thread.
class ConfidenceModel {
 public:
  /// Errors: InvalidArgument (no terms, one feature twice, a number that is not finite, a curve
  /// that does not ascend or leaves [0, 1]).
  static Result<ConfidenceModel> create(double intercept, std::vector<ConfidenceTerm> terms,
                                        std::vector<CurvePoint> curve);

  /// P(acceptable), in [0, 1]; nullopt where a feature is unknown that never was in training.
  /// Allocates nothing; below a microsecond.
  [[nodiscard]] std::optional<double> score(const ConfidenceFeatures& features) const;

  [[nodiscard]] double intercept() const { return intercept_; }
  [[nodiscard]] std::span<const ConfidenceTerm> terms() const { return terms_; }
  /// Empty where there is none.
  [[nodiscard]] std::span<const CurvePoint> curve() const { return curve_; }

 private:
  double intercept_ = 0.0;
  std::vector<ConfidenceTerm> terms_;
  std::vector<CurvePoint> curve_;
};

struct ConfidenceTraining {
  double penalty = 1.0;  ///< L2, on standardised features (logistic_fit.h)
  /// Features to use; empty: all that vary.
  std::vector<ConfidenceFeature> features = {};
};

/// Fits a model without a curve. `targets` in [0, 1]: 1 is acceptable. A feature that does not
/// vary, or that fewer than 10 rows have, is left out. Numbers are rounded to what files keep.
/// Errors: Unproven (fewer than 20 rows, one outcome only, no feature that varies).
Result<ConfidenceModel> train_confidence(std::span<const ConfidenceFeatures> rows,
                                         std::span<const double> targets,
                                         const ConfidenceTraining& training);

/// The same model with an isotonic curve fitted on rows that it was not trained on.
/// Errors: Unproven (fewer than 20 rows that it can score).
Result<ConfidenceModel> with_isotonic(const ConfidenceModel& model,
                                      std::span<const ConfidenceFeatures> rows,
                                      std::span<const double> targets);

/// Nine significant digits: what files keep of a coefficient. Rounding before use makes the model
/// in memory and the one read back the same to the last bits.
[[nodiscard]] double nine_digits(double value);

}  // namespace croft
