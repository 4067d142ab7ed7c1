#include "router/confidence/calibration.h"

#include "io/quote_foreign.h"

namespace croft {

std::string_view calibration_method_text(CalibrationMethod method) {
  return method == CalibrationMethod::LearnThenTest ? "ltt" : "crc";
}

ServingDecision Calibration::decide(DecisionPoint point, const ConfidenceFeatures& features) const {
  const auto index = static_cast<std::size_t>(point);
  if (point > decide_at || !models[index]) return ServingDecision::GoOn;
  const auto score = models[index]->score(features);
  if (!score || *score < rule.thresholds[index]) return ServingDecision::Escalate;
  return point == decide_at ? ServingDecision::Serve : ServingDecision::GoOn;
}

Result<void> Calibration::matches(std::string_view model_digest_now,
                                  std::string_view template_hash_now) const {
  const auto differs = [](std::string_view what, std::string_view made_for, std::string_view now) {
    return fail(ErrorCode::InvalidArgument,
                "the calibration was made for " + std::string(what) + " " +
                    quote_foreign(made_for) + ", in use is " + quote_foreign(now),
                "Record and label answers of what is in use, and calibrate again.");
  };
  if (model_digest != model_digest_now) return differs("the model", model_digest, model_digest_now);
  if (template_hash != template_hash_now)
    return differs("the template", template_hash, template_hash_now);
  return {};
}

}  // namespace croft
