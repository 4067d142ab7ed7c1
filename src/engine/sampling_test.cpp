// Goal: sampling follows its definitions. Method: small distributions whose answers are computed by
// hand, and counts over many draws within five standard deviations.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "engine/sampling.h"

namespace croft {
namespace {

const std::vector<float> kLogits = {1.0f, 3.0f, 2.0f, -1.0f};

std::map<TokenId, int> draw_many(const SamplingOptions& options, int count) {
  std::map<TokenId, int> counts;
  for (int i = 0; i < count; ++i) {
    SamplingOptions each = options;
    each.seed = static_cast<std::uint64_t>(i);
    Sampler sampler(each, {});
    std::vector<float> logits = kLogits;
    ++counts[sampler.pick(logits)];
  }
  return counts;
}

TEST(Sampling, GreedyTakesTheFirstMaximum) {
  Sampler sampler({.temperature = 0.0f}, {});
  std::vector<float> logits = {1.0f, 5.0f, 5.0f};
  EXPECT_EQ(sampler.pick(logits), 1);
}

TEST(Sampling, GreedyFindsTheMaximumAnywhere) {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 511, 512, 513, 49152}) {
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      Sampler sampler({.temperature = 0.0f}, {});
      std::vector<float> logits(size, -7.5f);
      logits[at] = -7.25f;
      logits[size - 1] = std::max(logits[size - 1], -7.25f);  // an equal one comes later
      EXPECT_EQ(sampler.pick(logits), static_cast<TokenId>(at)) << "of " << size;
    }
  }
}

TEST(Sampling, FrequenciesFollowTheSoftmax) {
  constexpr int n = 20000;
  auto counts = draw_many({}, n);
  double sum = 0.0;
  for (const float l : kLogits) sum += std::exp(static_cast<double>(l));
  for (TokenId id = 0; id < 4; ++id) {
    const double p = std::exp(static_cast<double>(kLogits[static_cast<std::size_t>(id)])) / sum;
    EXPECT_NEAR(counts[id], n * p, 5 * std::sqrt(n * p * (1 - p))) << id;
  }
}

TEST(Sampling, TruncationsKeepWhatTheyShould) {
  // Probabilities: 0.0889, 0.6572, 0.2418, 0.0120.
  EXPECT_EQ(draw_many({.top_k = 1}, 200).size(), 1u);
  EXPECT_EQ(draw_many({.top_k = 2}, 500).size(), 2u);
  EXPECT_EQ(draw_many({.top_p = 0.65f}, 500).size(), 1u);
  EXPECT_EQ(draw_many({.top_p = 0.66f}, 500).size(), 2u);
  EXPECT_EQ(draw_many({.top_p = 0.0f}, 200).size(), 1u);
  EXPECT_EQ(draw_many({.min_p = 0.3f}, 500).size(), 2u);  // 0.2418 / 0.6572 = 0.37
  EXPECT_EQ(draw_many({.min_p = 0.5f}, 500).size(), 1u);
  EXPECT_EQ(draw_many({.temperature = 0.01f}, 200).size(), 1u);
}

TEST(Sampling, PenaltiesAndBias) {
  std::vector<float> logits = kLogits;
  const std::vector<TokenId> prompt = {1};
  Sampler repeated({.temperature = 0.0f, .repetition_penalty = 2.0f}, prompt);
  EXPECT_EQ(repeated.pick(logits), 2);  // 3 / 2 < 2
  logits = kLogits;
  EXPECT_EQ(repeated.pick(logits), 1);  // now 2 / 2 < 3 / 2: both were seen

  Sampler present({.temperature = 0.0f, .presence_penalty = 1.5f}, prompt);
  logits = kLogits;
  EXPECT_EQ(present.pick(logits), 1) << "prompt tokens do not count";
  logits = kLogits;
  EXPECT_EQ(present.pick(logits), 2);

  Sampler biased({.temperature = 0.0f, .logit_bias = {{3, 100.0f}}}, {});
  logits = kLogits;
  EXPECT_EQ(biased.pick(logits), 3);
}

TEST(Sampling, SameSeedSameTokens) {
  const auto run = [](std::uint64_t seed) {
    Sampler sampler({.seed = seed}, {});
    std::vector<TokenId> out;
    for (int i = 0; i < 50; ++i) {
      std::vector<float> logits = kLogits;
      out.push_back(sampler.pick(logits));
    }
    return out;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(Sampling, S1_numbers_out_of_range_are_refused_by_name) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float inf = std::numeric_limits<float>::infinity();
  const std::pair<SamplingOptions, const char*> cases[] = {
      {{.temperature = -0.1f}, "temperature"},
      {{.temperature = nan}, "temperature"},
      {{.temperature = inf}, "temperature"},
      {{.top_k = -1}, "top_k"},
      {{.top_p = 1.1f}, "top_p"},
      {{.top_p = nan}, "top_p"},
      {{.min_p = -1.0f}, "min_p"},
      {{.repetition_penalty = 0.0f}, "repetition_penalty"},
      {{.presence_penalty = 2.5f}, "presence_penalty"},
      {{.frequency_penalty = -3.0f}, "frequency_penalty"},
      {{.logit_bias = {{10, 1.0f}}}, "logit_bias"},
      {{.logit_bias = {{-1, 1.0f}}}, "logit_bias"},
      {{.logit_bias = {{0, 101.0f}}}, "logit_bias"},
  };
  for (const auto& [options, field] : cases) {
    const auto result = validate(options, 10);
    ASSERT_FALSE(result.has_value()) << field;
    EXPECT_EQ(result.error().field, field);
  }
  EXPECT_TRUE(validate({}, 10).has_value());
}

TEST(Sampling, LogprobsAreTheModelsOwn) {
  const TokenLogprob got = token_logprob(kLogits, 2, 3);
  EXPECT_NEAR(static_cast<double>(got.logprob), std::log(0.24178), 1e-3);
  ASSERT_EQ(got.top.size(), 3u);
  EXPECT_EQ(got.top[0].first, 1);
  EXPECT_EQ(got.top[1].first, 2);
  EXPECT_EQ(got.top[2].first, 0);
}

TEST(Sampling, ValuesThatAreNotNumbersAreSeen) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(all_finite(kLogits));
  EXPECT_TRUE(all_finite(std::array{std::numeric_limits<float>::max(), -0.0f, 1e-45f}));
  for (const float bad : {infinity, -infinity, std::nanf(""), -std::nanf("7")})
    for (std::size_t at = 0; at < 33; at += 8) {
      std::vector<float> logits(33, 1.0f);
      logits[at] = bad;
      EXPECT_FALSE(all_finite(logits)) << bad << " at " << at;
    }
}

TEST(Sampling, LogitsAtTheEndOfFloatStillGiveAToken) {
  // Penalties push them over the end; the difference of two infinities would be no number.
  const float most = std::numeric_limits<float>::max();
  for (const float temperature : {0.0f, 1e-30f, 1.0f, 100.0f}) {
    Sampler sampler({.temperature = temperature,
                     .top_p = 0.9f,
                     .repetition_penalty = 0.01f,
                     .seed = 5,
                     .logit_bias = {{0, 100.0f}}},
                    std::array<TokenId, 2>{0, 1});
    for (int i = 0; i < 20; ++i) {
      std::vector<float> logits = {most, most, -most, 0.0f};
      const TokenId id = sampler.pick(logits);
      EXPECT_TRUE(id == 0 || id == 1) << id << " at temperature " << temperature;
    }
  }
}

}  // namespace
}  // namespace croft
