// Goal: weights are the exponentials they claim to be and the shortcuts find what a plain search
// finds. Method: std::exp in double, and brute force.
#include "engine/token_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

namespace croft {
namespace {

std::vector<float> random_logits(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 4.0f);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

TEST(TokenWeights, AreExponentials) {
  for (const float temperature : {0.01f, 0.7f, 1.0f, 100.0f}) {
    const std::vector<float> logits = random_logits(1003, 1);
    const float largest = *std::ranges::max_element(logits);
    TokenWeights weights;
    weights.compute(logits, largest, temperature);
    double total = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const float difference = (logits[i] - largest) * (1.0f / temperature);
      const double exact = std::exp(static_cast<double>(difference));
      if (difference > -87.0f) {
        EXPECT_NEAR(static_cast<double>(weights.values()[i]), exact, 1e-6 * exact);
      } else {
        EXPECT_EQ(weights.values()[i], 0.0f);
      }
      total += static_cast<double>(weights.values()[i]);
    }
    EXPECT_NEAR(weights.total(), total, 1e-6 * total);
  }
}

TEST(TokenWeights, EveryMassFallsOnItsToken) {
  const std::vector<float> logits = random_logits(333, 2);
  TokenWeights weights;
  weights.compute(logits, *std::ranges::max_element(logits), 2.0f);
  double before = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double value = static_cast<double>(weights.values()[i]);
    EXPECT_EQ(weights.at_mass(before + value / 2), i);
    before += value;
  }
  EXPECT_EQ(weights.at_mass(0.0), 0u);
  EXPECT_EQ(weights.at_mass(before * 1.001), logits.size() - 1);
}

TEST(TokenWeights, NoTokenWithoutWeightIsEverFound) {
  std::vector<float> logits(200, -1e30f);
  logits[0] = -1e30f;
  logits[70] = 3.0f;
  TokenWeights weights;
  weights.compute(logits, 3.0f, 1.0f);
  for (const double mass : {0.0, 0.5, 0.999999, 1.0, 2.0}) EXPECT_EQ(weights.at_mass(mass), 70u);
}

TEST(TokenWeights, TheBoundOfTheBestIsReachedByThatMany) {
  const std::vector<float> logits = random_logits(64 * 50 + 7, 3);
  TokenWeights weights;
  weights.compute(logits, *std::ranges::max_element(logits), 1.0f);
  std::vector<float> sorted(weights.values().begin(), weights.values().end());
  std::ranges::sort(sorted, std::greater<>());
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 2, 40, 51}) {
    const float bound = weights.bound_of_best(count);
    EXPECT_GT(bound, 0.0f);
    EXPECT_LE(bound, sorted[count - 1]);
    EXPECT_GE(static_cast<std::size_t>(
                  std::ranges::count_if(sorted, [&](float value) { return value >= bound; })),
              count);
  }
  EXPECT_EQ(weights.bound_of_best(52), 0.0f);
}

}  // namespace
}  // namespace croft
