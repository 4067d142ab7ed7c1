#include "router/bench/recorded_signals.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "router/confidence/answer_signals.h"

namespace croft {
namespace {

TokenSignals signals_of(const RecordedAnswer& answer, std::size_t token) {
  TokenSignals out;
  out.logprob = answer.logprobs[token];
  if (!answer.margins.empty()) out.margin = answer.margins[token];
  if (!answer.entropies.empty()) out.entropy = answer.entropies[token];
  return out;
}

json::object features_json(const ConfidenceFeatures& features) {
  json::object out;
  for (std::size_t i = 0; i < confidence_feature_count; ++i) {
    const auto feature = static_cast<ConfidenceFeature>(i);
    if (!std::isnan(features[feature])) out[traits(feature).name] = features[feature];
  }
  return out;
}

}  // namespace

PointFeatures recorded_features(const RecordedAnswer& answer, std::uint32_t early_tokens) {
  AnswerContext context;
  context.prompt_tokens = answer.prompt_tokens;
  context.label_margin = answer.label_margin.value_or(std::nan(""));
  AnswerSignals signals(context, answer.logprobs.size());
  // Recorded answers are greedy: the first token is the best alternative after the prompt.
  if (!answer.logprobs.empty()) signals.preview_first(signals_of(answer, 0));
  PointFeatures out;
  out[static_cast<std::size_t>(DecisionPoint::Prefill)] = signals.features();
  for (std::size_t token = 0; token < answer.logprobs.size(); ++token) {
    // The text is not kept: each token counts as one byte, and spans are in tokens.
    signals.add(signals_of(answer, token), token + 1);
    if (token + 1 == early_tokens)
      out[static_cast<std::size_t>(DecisionPoint::Early)] = signals.features();
  }
  if (answer.span_end > answer.span_begin)
    signals.mark_span({.begin = answer.span_begin, .end = answer.span_end});
  if (answer.agreement) signals.set_sample_agreement(*answer.agreement);
  out[static_cast<std::size_t>(DecisionPoint::End)] = signals.features();
  return out;
}

double AnswerPrices::cost(const RecordedAnswer& answer) const {
  return (in * answer.prompt_tokens + out * answer.completion_tokens) * 1e-6;
}

std::string labelled_rows_text(const RecordedFile& local, const RecordedFile& cloud,
                               std::span<const RecordedPair> pairs, std::uint32_t early_tokens,
                               const AnswerPrices& prices) {
  json::object meta{{"model_digest", local.model_digest},
                    {"early_tokens", early_tokens},
                    {"model", local.model},
                    {"cloud", cloud.model},
                    {"cloud_digest", cloud.model_digest},
                    {"recorded", json::array{local.digest, cloud.digest}}};
  std::string out = json::serialize(json::object{{"meta", std::move(meta)}}) + "\n";
  for (const RecordedPair& pair : pairs) {
    json::object points;
    const PointFeatures features = recorded_features(*pair.local, early_tokens);
    for (std::size_t point = 0; point < decision_point_count; ++point)
      if (features[point])
        points[decision_point_text(static_cast<DecisionPoint>(point))] =
            features_json(*features[point]);
    out += json::serialize(json::object{{"id", pair.local->id},
                                        {"task", local.task},
                                        {"acceptable", pair.local->correct},
                                        {"cloud_acceptable", pair.cloud->correct},
                                        {"cost", prices.cost(*pair.cloud)},
                                        {"features", std::move(points)}}) +
           "\n";
  }
  return out;
}

}  // namespace croft
