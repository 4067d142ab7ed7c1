#pragma once
/// The fixed, named numbers that speak for or against a local answer. A fitted model names those it
/// uses, rows of labelled data carry them by name, and the engine's signals fill the same table.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace croft {

/// Order is the order of the table in confidence_features.cpp; adding one at the end keeps files
/// readable, since files hold names.
enum class ConfidenceFeature : std::uint8_t {
  PromptTokens,
  IntentProbability,
  LabelMargin,
  FirstLogprob,
  FirstMargin,
  FirstEntropy,
  TokenCount,
  LogprobMean,
  LogprobMin,
  LogprobQ05,
  LogprobQ10,
  LogprobQ25,
  LogprobQ50,
  MarginMean,
  MarginMin,
  MarginQ05,
  MarginQ10,
  MarginQ25,
  MarginQ50,
  EntropyMean,
  EntropyMax,
  SpanLogprobSum,
  SpanLogprobMean,
  SampleAgreement,
};
inline constexpr std::size_t confidence_feature_count = 24;

struct ConfidenceFeatureTraits {
  std::string_view name;  ///< as files write it: "logprob_q05"
  double min = 0.0;       ///< of a value, both ends included
  double max = 0.0;
  bool counted = false;  ///< a count: models look at log(1 + value)
  std::string_view help;
};

[[nodiscard]] const ConfidenceFeatureTraits& traits(ConfidenceFeature feature);
[[nodiscard]] std::optional<ConfidenceFeature> find_confidence_feature(std::string_view name);

/// One value per feature; NaN where it is not known.
class ConfidenceFeatures {
 public:
  ConfidenceFeatures() { values_.fill(std::numeric_limits<double>::quiet_NaN()); }

  [[nodiscard]] double operator[](ConfidenceFeature feature) const {
    return values_[static_cast<std::size_t>(feature)];
  }
  [[nodiscard]] double& operator[](ConfidenceFeature feature) {
    return values_[static_cast<std::size_t>(feature)];
  }

 private:
  std::array<double, confidence_feature_count> values_;
};

/// When it is decided whether the local answer will do.
enum class DecisionPoint : std::uint8_t {
  Prefill,  ///< the prompt is evaluated: the first token's distribution is known
  Early,    ///< a fixed number of tokens has been generated
  End       ///< the answer is complete
};
inline constexpr std::size_t decision_point_count = 3;

/// "prefill", "early" or "end".
[[nodiscard]] std::string_view decision_point_text(DecisionPoint point);
[[nodiscard]] std::optional<DecisionPoint> find_decision_point(std::string_view name);

}  // namespace croft
