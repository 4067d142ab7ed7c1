// Goal: a frontier says what a score is worth as a router. Method: rows small enough to check by
// hand, and drawn ones whose curve is known.
#include "router/confidence/frontier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace croft {
namespace {

TEST(Frontier, FourRowsByHand) {
  // In order of score: the weak one fails at 0.1 and 0.3; the strong one at 0.2.
  const std::vector<double> scores = {0.3, 0.1, 0.4, 0.2}, weak = {0, 0, 1, 1},
                            strong = {1, 1, 1, 0};
  const auto found = frontier(scores, weak, strong, {.target = 1.0, .points = 5, .resamples = 0});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->weak, 0.5);
  EXPECT_EQ(found->strong, 0.75);
  EXPECT_EQ(found->oracle, 1.0);
  const double expected[] = {0.5, 0.75, 0.5, 0.75, 0.75};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_DOUBLE_EQ(found->curve[i].escalated, 0.25 * static_cast<double>(i));
    EXPECT_NEAR(found->curve[i].quality, expected[i], 1e-12) << i;
  }
  EXPECT_DOUBLE_EQ(*found->auc, 0.75);  // 0.2 < 0.3 is the one pair in the wrong order
  EXPECT_NEAR(*found->share_for_target, 0.25, 1e-9);
  EXPECT_NEAR(found->area, (0.625 + 0.625 + 0.625 + 0.75) / 4, 1e-12);
}

TEST(Frontier, EqualScoresAreEscalatedInNoOrder) {
  const std::vector<double> scores(10, 0.5), strong(10, 1.0);
  std::vector<double> weak(10, 0.0);
  std::fill_n(weak.begin(), 5, 1.0);
  const auto found = frontier(scores, weak, strong, {.target = 0.9, .points = 3, .resamples = 0});
  EXPECT_NEAR(found->curve[1].quality, 0.75, 1e-12);
  EXPECT_NEAR(*found->share_for_target, 0.8, 1e-9);
  EXPECT_EQ(found->auc, 0.5);
}

TEST(Frontier, IntervalsHoldTheTruth) {
  // The score is the chance that the weak model is right; the strong one is right at 0.9.
  const auto draw = [](std::size_t rows, std::uint64_t seed, const FrontierOptions& options) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::vector<double> scores, weak, strong;
    for (std::size_t i = 0; i < rows; ++i) {
      scores.push_back(uniform(random));
      weak.push_back(uniform(random) < scores.back() ? 1.0 : 0.0);
      strong.push_back(uniform(random) < 0.9 ? 1.0 : 0.0);
    }
    return frontier(scores, weak, strong, options).value();
  };
  // Escalating below t: 0.9 t + (1 - t^2) / 2. At one half 0.825.
  const Frontier large = draw(200'000, 1, {.points = 11, .resamples = 0});
  EXPECT_NEAR(large.curve[5].quality, 0.825, 0.005);
  EXPECT_NEAR(*large.auc, 5.0 / 6.0, 0.005);
  EXPECT_NEAR(*large.share_for_target, 0.584, 0.02);  // 0.9 t + (1 - t^2) / 2 = 0.855
  int held = 0, share_held = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Frontier one = draw(400, seed, {.points = 11, .resamples = 200});
    held += one.curve[5].interval.low <= 0.825 && 0.825 <= one.curve[5].interval.high ? 1 : 0;
    share_held += one.share_interval->low <= 0.5838 && 0.5838 <= one.share_interval->high ? 1 : 0;
    EXPECT_LE(one.auc_interval->low, *one.auc);
    EXPECT_GE(one.auc_interval->high, *one.auc);
  }
  EXPECT_GE(held, 85);
  EXPECT_GE(share_held, 85);
}

TEST(Frontier, TheSameSeedGivesTheSameIntervals) {
  const std::vector<double> scores = {1, 2, 3, 4, 5, 6}, weak = {0, 0, 1, 0, 1, 1},
                            strong = {1, 1, 1, 1, 1, 0};
  const auto a = frontier(scores, weak, strong, {.resamples = 50});
  const auto b = frontier(scores, weak, strong, {.resamples = 50});
  const auto c = frontier(scores, weak, strong, {.resamples = 50, .seed = 2});
  EXPECT_EQ(a->area_interval.low, b->area_interval.low);
  EXPECT_NE(std::pair(a->area_interval.low, a->area_interval.high),
            std::pair(c->area_interval.low, c->area_interval.high));
}

TEST(Frontier, RefusesWrongInput) {
  const std::vector<double> good = {0, 1}, short_one = {0}, wrong = {0, 1.5},
                            nan = {0, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_FALSE(frontier({}, {}, {}).has_value());
  EXPECT_FALSE(frontier(good, short_one, good).has_value());
  EXPECT_FALSE(frontier(nan, good, good).has_value());
  EXPECT_FALSE(frontier(good, wrong, good).has_value());
  EXPECT_FALSE(frontier(good, good, nan).has_value());
  EXPECT_FALSE(frontier(good, good, good, {.points = 1}).has_value());
  EXPECT_FALSE(frontier(good, good, good, {.confidence = 1.0}).has_value());
}

}  // namespace
}  // namespace croft
