#include "router/confidence/confidence_features.h"

#include <algorithm>

#include "base/check.h"

namespace croft {
namespace {

constexpr double count_max = 1e9;
// Log-probabilities are cut at -100 where they are collected: a forbidden token would be -inf.
constexpr double nats_max = 100.0;

constexpr std::array<ConfidenceFeatureTraits, confidence_feature_count> kFeatures = {{
    {"prompt_tokens", 0, count_max, true, "length of the prompt in tokens"},
    {"intent_probability", 0, 1, false, "what the intent gate gives its best label"},
    {"label_margin", 0, nats_max, false, "best less second label where labels were scored, nats"},
    {"first_logprob", -nats_max, 0, false, "log-probability of the first token, nats"},
    {"first_margin", 0, nats_max, false, "best less second alternative of the first token, nats"},
    {"first_entropy", 0, nats_max, false, "entropy over the first token's alternatives, nats"},
    {"token_count", 0, count_max, true, "tokens generated so far"},
    {"logprob_mean", -nats_max, 0, false, "mean over the tokens generated so far"},
    {"logprob_min", -nats_max, 0, false, "the least"},
    {"logprob_q05", -nats_max, 0, false, "quantile 0.05"},
    {"logprob_q10", -nats_max, 0, false, "quantile 0.10"},
    {"logprob_q25", -nats_max, 0, false, "quantile 0.25"},
    {"logprob_q50", -nats_max, 0, false, "quantile 0.50"},
    {"margin_mean", 0, nats_max, false, "best less second alternative: mean over tokens"},
    {"margin_min", 0, nats_max, false, "the least"},
    {"margin_q05", 0, nats_max, false, "quantile 0.05"},
    {"margin_q10", 0, nats_max, false, "quantile 0.10"},
    {"margin_q25", 0, nats_max, false, "quantile 0.25"},
    {"margin_q50", 0, nats_max, false, "quantile 0.50"},
    {"entropy_mean", 0, nats_max, false, "entropy over known alternatives: mean over tokens"},
    {"entropy_max", 0, nats_max, false, "the greatest"},
    {"span_logprob_sum", -1e7, 0, false, "sum over the tokens of the marked answer span"},
    {"span_logprob_mean", -nats_max, 0, false, "mean over them"},
    {"sample_agreement", 0, 1, false, "share of extra samples that agree with the answer"},
}};
static_assert(confidence_feature_count ==
              static_cast<std::size_t>(ConfidenceFeature::SampleAgreement) + 1);

constexpr std::array<std::string_view, decision_point_count> kPoints = {"prefill", "early", "end"};

}  // namespace

const ConfidenceFeatureTraits& traits(ConfidenceFeature feature) {
  const auto index = static_cast<std::size_t>(feature);
  CHECK(index < kFeatures.size());
  return kFeatures[index];
}

std::optional<ConfidenceFeature> find_confidence_feature(std::string_view name) {
  const auto found = std::ranges::find(kFeatures, name, &ConfidenceFeatureTraits::name);
  if (found == kFeatures.end()) return std::nullopt;
  return static_cast<ConfidenceFeature>(found - kFeatures.begin());
}

std::string_view decision_point_text(DecisionPoint point) {
  const auto index = static_cast<std::size_t>(point);
  CHECK(index < kPoints.size());
  return kPoints[index];
}

std::optional<DecisionPoint> find_decision_point(std::string_view name) {
  const auto found = std::ranges::find(kPoints, name);
  if (found == kPoints.end()) return std::nullopt;
  return static_cast<DecisionPoint>(found - kPoints.begin());
}

}  // namespace croft
