#include "router/confidence/answer_points.h"

#include <cmath>

#include "router/confidence/answer_span.h"
#include "router/confidence/confidence_model.h"

namespace croft {

PointFeatures features_at_points(const AnswerContext& context,
                                 std::span<const AnsweredToken> tokens, std::string_view text,
                                 std::size_t early_tokens) {
  PointFeatures points;
  AnswerSignals signals(context, tokens.size());
  const auto at = [&](DecisionPoint point) -> auto& {
    return points[static_cast<std::size_t>(point)];
  };
  for (const AnsweredToken& one : tokens) {
    signals.add(one.token, one.text_bytes);
    if (signals.token_count() == 1) at(DecisionPoint::Prefill) = signals.features();
    if (signals.token_count() == early_tokens) at(DecisionPoint::Early) = signals.features();
  }
  if (const auto span = find_answer_span(text, AnswerSpan::LastLine)) signals.mark_span(*span);
  at(DecisionPoint::End) = signals.features();
  return points;
}

json::object point_features_json(const PointFeatures& features) {
  json::object points;
  for (std::size_t p = 0; p < decision_point_count; ++p) {
    if (!features[p]) continue;
    json::object values;
    for (std::size_t i = 0; i < confidence_feature_count; ++i) {
      const auto feature = static_cast<ConfidenceFeature>(i);
      const double value = (*features[p])[feature];
      if (!std::isnan(value)) values[traits(feature).name] = nine_digits(value);
    }
    points[decision_point_text(static_cast<DecisionPoint>(p))] = std::move(values);
  }
  return points;
}

}  // namespace croft
