// Goal: ladders climb from safe to cheap, and the searches choose what their papers say.
// Method: small sets of answers whose counts can be worked out by hand.
#include "router/confidence/threshold_search.h"

#include <gtest/gtest.h>

#include <cmath>

namespace croft {
namespace {

AnswerScores end_score(double score) {
  AnswerScores scores;
  scores.at[2] = score;
  return scores;
}

/// 1000 answers with scores 0.9995, 0.9985 ...; every `one_in`-th of those below `good_from` is
/// bad.
std::vector<ScoredAnswer> answers(double good_from, int one_in) {
  std::vector<ScoredAnswer> out;
  for (int i = 0; i < 1000; ++i) {
    const double score = 0.9995 - 0.001 * i;
    const double loss = score < good_from && i % one_in == 0 ? 1.0 : 0.0;
    out.push_back({.scores = end_score(score), .loss = loss});
  }
  return out;
}

std::vector<ServingRule> tenths() {
  std::vector<ServingRule> ladder;
  for (int i = 9; i >= 0; --i) ladder.push_back({.thresholds = {0, 0, 0.1 * i}});
  return ladder;
}

TEST(ServingRule, WhoIsServed) {
  const ServingRule rule{.thresholds = {0.2, 0.0, 0.5}};
  AnswerScores scores = end_score(0.5);
  EXPECT_TRUE(rule.serves(scores));  // no prefill, no early: they do not speak
  EXPECT_EQ(rule.escalated_at(scores), decision_point_count);
  scores.at[0] = 0.1;
  EXPECT_FALSE(rule.serves(scores));
  EXPECT_EQ(rule.escalated_at(scores), 0U);
  scores.at[0] = 0.3;
  scores.at[1] = AnswerScores::unscorable;  // reached, but nobody could judge
  EXPECT_EQ(rule.escalated_at(scores), 1U);
  EXPECT_EQ(rule.escalated_at(end_score(0.49)), 2U);
}

TEST(ServingLadder, EachRuleServesWhatTheOneBeforeServes) {
  std::vector<AnswerScores> scores;
  for (int i = 0; i < 500; ++i) {
    AnswerScores one = end_score((i * 37 % 500) / 500.0);
    one.at[0] = (i * 91 % 500) / 500.0;  // knows nothing of the end
    if (i % 2 == 0) one.at[1] = one.at[2] * 0.9;
    scores.push_back(one);
  }
  const auto ladder = serving_ladder(scores, {.early_loss = 0.1});
  ASSERT_GT(ladder.size(), 50U);
  for (std::size_t i = 1; i < ladder.size(); ++i)
    for (std::size_t p = 0; p < decision_point_count; ++p)
      EXPECT_LE(ladder[i].thresholds[p], ladder[i - 1].thresholds[p]);
  EXPECT_EQ(ladder.back().thresholds[2], 0.0);
  // Each early point may lose a tenth, both together not more than two.
  for (const ServingRule& rule : ladder) {
    int kept = 0, served = 0;
    for (const AnswerScores& one : scores) {
      kept += one.at[2] >= rule.thresholds[2] ? 1 : 0;
      served += rule.serves(one) ? 1 : 0;
    }
    EXPECT_GE(served, kept * 0.8 - 1);
  }
  EXPECT_TRUE(serving_ladder({}, {}).empty());
  EXPECT_TRUE(serving_ladder(std::vector{end_score(AnswerScores::unscorable)}, {}).empty());
}

TEST(LearnThenTest, StopsAtTheFirstThatIsNotProven) {
  // 500 good ones, then every fifth is bad: at 0.3 there are 200 with 40 bad among 700.
  const auto data = answers(0.5, 5);
  const Promise promise{.max_worse = 0.05, .delta = 0.05, .kind = LossKind::Binary};
  const SearchResult found = learn_then_test(tenths(), 0, data, promise);
  ASSERT_TRUE(found.chosen.has_value());
  EXPECT_EQ(*found.chosen, 5U);  // 600 served with 20 bad: p 0.04; 700 with 40 are too many
  EXPECT_EQ(found.at.served, 600);
  EXPECT_EQ(found.at.loss_sum, 20);
  EXPECT_NEAR(found.p_value, risk_p_value(LossKind::Binary, 20, 600, 0.05), 1e-15);
  // Nothing can be proven of 50 rows, and the search must not jump over them.
  const std::vector<ScoredAnswer> few(data.begin(), data.begin() + 50);
  const SearchResult none = learn_then_test(tenths(), 0, few, promise);
  EXPECT_FALSE(none.chosen.has_value());
  EXPECT_EQ(none.at.served, 50);
}

TEST(LearnThenTest, BadTopIsNotJumpedOver) {
  // The safest-looking tenth is bad: a search from there ends at once, as it must.
  std::vector<ScoredAnswer> data = answers(0.0, 1);
  for (ScoredAnswer& one : data)
    if (one.scores.at[2] > 0.9) one.loss = 1.0;
  const Promise promise{.max_worse = 0.2, .delta = 0.05, .kind = LossKind::Binary};
  EXPECT_FALSE(learn_then_test(tenths(), 0, data, promise).chosen.has_value());
  // Begun where the fit part says that it pays, it finds that 100 bad of 1000 are allowed.
  const std::size_t start = promising_start(tenths(), data, 1000, promise);
  EXPECT_GE(start, 6U);
  EXPECT_EQ(learn_then_test(tenths(), start, data, promise).chosen, 9U);
}

TEST(ConformalRiskControl, CountsAllTraffic) {
  const auto data = answers(0.5, 5);
  const Promise promise{.max_worse = 0.05, .delta = 0.05, .kind = LossKind::Binary};
  const SearchResult found = conformal_risk_control(tenths(), data, promise);
  ASSERT_TRUE(found.chosen.has_value());
  EXPECT_EQ(*found.chosen, 6U);  // 40 losses among 1000: (40 + 1) / 1001; 60 would be too many
  EXPECT_EQ(found.at.loss_sum, 40);
  const std::vector<ScoredAnswer> few(data.begin(), data.begin() + 18);
  EXPECT_FALSE(conformal_risk_control(tenths(), few, promise).chosen.has_value());
  const std::vector<ScoredAnswer> enough(data.begin(), data.begin() + 19);
  EXPECT_TRUE(conformal_risk_control(tenths(), enough, promise).chosen.has_value());
  // Where nobody is served nothing is shown.
  const std::vector<ScoredAnswer> unscorable(
      100, {.scores = end_score(AnswerScores::unscorable), .loss = 1.0});
  EXPECT_FALSE(conformal_risk_control(tenths(), unscorable, promise).chosen.has_value());
}

}  // namespace
}  // namespace croft
