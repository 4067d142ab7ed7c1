// Goal: the features of an answer are what their names say, at every moment, without allocations.
// Method: small answers by hand, and random ones against a plain sort; allocations are counted.
#include "router/confidence/answer_signals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "router/confidence/answer_span.h"
#include "router/confidence/test_allocations.h"

namespace croft {
namespace {

using enum ConfidenceFeature;

TokenLogprob token(float logprob, std::vector<float> top) {
  TokenLogprob out{.id = 1, .logprob = logprob, .top = {}};
  for (const float one : top) out.top.emplace_back(0, one);
  return out;
}

TEST(TokenSignals, MarginAndEntropyOfTheAlternatives) {
  const auto half = static_cast<float>(std::log(0.5)), quarter = static_cast<float>(std::log(0.25));
  const TokenSignals signals = token_signals(token(quarter, {quarter, half}));
  EXPECT_NEAR(signals.logprob, std::log(0.25), 1e-6);
  EXPECT_NEAR(signals.margin, std::log(2.0), 1e-6);
  // 1/2, 1/4, and the quarter that nobody named as one.
  EXPECT_NEAR(signals.entropy, 1.5 * std::log(2.0), 1e-6);
}

TEST(TokenSignals, UnknownStaysUnknown) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float minus_infinity = -std::numeric_limits<float>::infinity();
  const TokenSignals alone = token_signals(token(-0.5F, {-0.5F}));
  EXPECT_TRUE(std::isnan(alone.margin) && std::isnan(alone.entropy));
  const TokenSignals none = token_signals(token(nan, {nan, nan}));
  EXPECT_TRUE(std::isnan(none.logprob) && std::isnan(none.margin));
  const TokenSignals certain = token_signals(token(1e-7F, {1e-7F, minus_infinity}));
  EXPECT_EQ(certain.logprob, 0.0);
  EXPECT_EQ(certain.margin, 100.0);
  EXPECT_NEAR(certain.entropy, 0.0, 1e-9);
}

TEST(AnswerSignals, NothingIsKnownBeforeTheFirstToken) {
  AnswerSignals signals({.prompt_tokens = 12, .intent_probability = 0.75});
  ConfidenceFeatures features = signals.features();
  EXPECT_EQ(features[PromptTokens], 12);
  EXPECT_EQ(features[IntentProbability], 0.75);
  for (const ConfidenceFeature one : {LabelMargin, SampleAgreement, FirstLogprob, TokenCount,
                                      LogprobMean, MarginQ50, EntropyMax, SpanLogprobSum})
    EXPECT_TRUE(std::isnan(features[one])) << traits(one).name;
  signals.preview_first({.logprob = -0.1, .margin = 2.0, .entropy = 0.3});
  features = signals.features();
  EXPECT_EQ(features[FirstMargin], 2.0);
  EXPECT_TRUE(std::isnan(features[LogprobMean]));
}

TEST(AnswerSignals, QuantilesAreExactAtEveryMoment) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<float> logprob(-9.0F, 0.0F);
  AnswerSignals signals({});
  std::vector<double> seen;
  for (int i = 1; i <= 300; ++i) {
    const double value = static_cast<double>(logprob(random));
    signals.add(TokenSignals{.logprob = value, .margin = -value, .entropy = 0.5 - value}, 0);
    seen.push_back(value);
    std::vector<double> sorted = seen;
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](double share) {
      const double place = share * static_cast<double>(sorted.size() - 1);
      const auto low = static_cast<std::size_t>(place);
      const double above = low + 1 < sorted.size() ? sorted[low + 1] : sorted[low];
      return sorted[low] + (place - std::floor(place)) * (above - sorted[low]);
    };
    const ConfidenceFeatures features = signals.features();
    EXPECT_NEAR(features[LogprobQ05], quantile(0.05), 1e-9);
    EXPECT_NEAR(features[LogprobQ10], quantile(0.10), 1e-9);
    EXPECT_NEAR(features[LogprobQ25], quantile(0.25), 1e-9);
    EXPECT_NEAR(features[LogprobQ50], quantile(0.50), 1e-9);
    EXPECT_NEAR(features[MarginQ50], -quantile(0.50), 1e-9);
    EXPECT_EQ(features[LogprobMin], sorted.front());
    EXPECT_NEAR(features[EntropyMax], 0.5 - sorted.front(), 1e-9);
    EXPECT_EQ(features[TokenCount], i);
    EXPECT_EQ(features[FirstLogprob], seen.front());
  }
}

TEST(AnswerSignals, MarkedSpanCountsItsTokens) {
  // "The answer is 42": one token for "The answer", two that became text together, one of "42".
  AnswerSignals signals({});
  signals.add(TokenSignals{.logprob = -1.0}, 10);
  signals.add(TokenSignals{.logprob = -2.0}, 14);
  signals.add(TokenSignals{.logprob = -4.0}, 14);
  signals.add(TokenSignals{.logprob = -8.0}, 16);
  const std::string text = "The answer is 42";
  signals.mark_span(*find_answer_span(text, AnswerSpan::LastNumber));
  EXPECT_EQ(signals.features()[SpanLogprobSum], -8.0);
  signals.mark_span({9, 12});  // the end of the first, and both of the pair
  EXPECT_EQ(signals.features()[SpanLogprobSum], -7.0);
  EXPECT_NEAR(signals.features()[SpanLogprobMean], -7.0 / 3, 1e-6);
  signals.mark_span({16, 20});
  EXPECT_TRUE(std::isnan(signals.features()[SpanLogprobSum]));
}

TEST(AnswerSignals, AllocatesNothingWithinItsReserve) {
  AnswerSignals signals({}, 512);
  const TokenLogprob one = token(-0.5F, {-0.5F, -1.5F, -3.0F});
  const std::size_t before = allocations_so_far();
  for (std::size_t i = 0; i < 512; ++i) signals.add(one, i);
  const ConfidenceFeatures features = signals.features();
  EXPECT_EQ(allocations_so_far(), before);
  EXPECT_EQ(features[TokenCount], 512);
  signals.add(one, 512);  // beyond it grows, and goes on being right
  EXPECT_EQ(signals.features()[TokenCount], 513);
}

TEST(AnswerSpan, FindsNumbersAndLines) {
  struct Case {
    const char* text;
    AnswerSpan span;
    const char* found;  ///< null: nothing
  };
  constexpr Case cases[] = {
      {"so 3 + 4 = 7.", AnswerSpan::LastNumber, "7"},
      {"total $1,234.50 in all", AnswerSpan::LastNumber, "1,234.50"},
      {"it is -12", AnswerSpan::LastNumber, "-12"},
      {"5", AnswerSpan::LastNumber, "5"},
      {".5", AnswerSpan::LastNumber, "5"},
      {"3. 14", AnswerSpan::LastNumber, "14"},
      {"none", AnswerSpan::LastNumber, nullptr},
      {"", AnswerSpan::LastNumber, nullptr},
      {"a\nb\n  the end \n\n", AnswerSpan::LastLine, "the end"},
      {"only", AnswerSpan::LastLine, "only"},
      {" \n\t", AnswerSpan::LastLine, nullptr},
      {"", AnswerSpan::LastLine, nullptr},
  };
  for (const Case& one : cases) {
    const std::string_view text = one.text;
    const auto range = find_answer_span(text, one.span);
    ASSERT_EQ(range.has_value(), one.found != nullptr) << text;
    if (!range) continue;
    EXPECT_EQ(text.substr(range->begin, range->end - range->begin), one.found) << text;
  }
}

TEST(ConfidenceFeatures, NamesAreUniqueAndFound) {
  for (std::size_t i = 0; i < confidence_feature_count; ++i) {
    const auto feature = static_cast<ConfidenceFeature>(i);
    EXPECT_EQ(find_confidence_feature(traits(feature).name), feature);
    EXPECT_LT(traits(feature).min, traits(feature).max);
  }
  EXPECT_FALSE(find_confidence_feature("logprob").has_value());
  for (const DecisionPoint point :
       {DecisionPoint::Prefill, DecisionPoint::Early, DecisionPoint::End})
    EXPECT_EQ(find_decision_point(decision_point_text(point)), point);
}

}  // namespace
}  // namespace croft
