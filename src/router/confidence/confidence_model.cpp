#include "router/confidence/confidence_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "router/confidence/logistic_fit.h"

namespace croft {
namespace {

std::unexpected<Error> bad_model(std::string why) {
  return fail(ErrorCode::InvalidArgument, "the confidence model " + std::move(why),
              "Calibrate again.");
}

Result<void> check_term(const ConfidenceTerm& term) {
  const std::string name(traits(term.feature).name);
  const bool finite = std::isfinite(term.mean) && std::isfinite(term.scale) &&
                      std::isfinite(term.weight) &&
                      std::isfinite(term.missing_weight.value_or(0.0));
  if (!finite) return bad_model("has a number for " + name + " that is not finite");
  if (!(term.scale > 0.0)) return bad_model("has a scale for " + name + " that is not positive");
  return {};
}

Result<void> check_curve(std::span<const CurvePoint> curve) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const CurvePoint& point = curve[i];
    if (!(point.x >= 0.0 && point.x <= 1.0 && point.y >= 0.0 && point.y <= 1.0))
      return bad_model("has an isotonic curve that leaves [0, 1]");
    if (i > 0 && !(point.x > curve[i - 1].x && point.y >= curve[i - 1].y))
      return bad_model("has an isotonic curve that does not ascend");
  }
  return {};
}

}  // namespace

Result<ConfidenceModel> ConfidenceModel::create(double intercept, std::vector<ConfidenceTerm> terms,
                                                std::vector<CurvePoint> curve) {
  if (terms.empty()) return bad_model("uses no feature");
  if (!std::isfinite(intercept)) return bad_model("has an intercept that is not finite");
  std::array<bool, confidence_feature_count> seen{};
  for (const ConfidenceTerm& term : terms) {
    TRY(check_term(term));
    bool& there = seen[static_cast<std::size_t>(term.feature)];
    if (there) return bad_model("uses " + std::string(traits(term.feature).name) + " twice");
    there = true;
  }
  TRY(check_curve(curve));
  ConfidenceModel model;
  model.intercept_ = intercept;
  model.terms_ = std::move(terms);
  model.curve_ = std::move(curve);
  return model;
}

std::optional<double> ConfidenceModel::score(const ConfidenceFeatures& features) const {
  double logit = intercept_;
  for (const ConfidenceTerm& term : terms_) {
    double value = features[term.feature];
    if (std::isnan(value)) {
      if (!term.missing_weight) return std::nullopt;
      logit += *term.missing_weight;
      continue;
    }
    if (traits(term.feature).counted) value = std::log1p(value);
    logit += term.weight * (value - term.mean) / term.scale;
  }
  // Values far outside of the training may overflow in both directions at once.
  if (std::isnan(logit)) return std::nullopt;
  const double p = sigmoid(logit);
  return curve_.empty() ? p : curve_at(curve_, p);
}

}  // namespace croft
