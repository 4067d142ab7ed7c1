// Goal: the figures of route bench are what they say on data whose answer is known on paper: Wilson
// intervals, gaps closed, mixes; and cross-validation never shows a row to the model that judges
// it. Method: tiny tables with results worked out by hand; drawn rows where a leak would show.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "router/bench/confidence_scores.h"
#include "router/bench/estimate.h"
#include "router/bench/gap_closed.h"
#include "router/bench/prompt_scores.h"
#include "router/bench/read_input.h"
#include "router/bench/task_mix.h"
#include "router/confidence/rank_auc.h"

namespace croft {
namespace {

using Doubles = std::vector<double>;

TEST(Estimate, WilsonIntervals) {
  // Textbook values for 95 %.
  const Estimate half = wilson_share(50, 100);
  EXPECT_NEAR(*half.value, 0.5, 1e-12);
  EXPECT_NEAR(half.low, 0.4038, 1e-4);
  EXPECT_NEAR(half.high, 0.5962, 1e-4);
  const Estimate none = wilson_share(0, 10);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 0.2775, 1e-4);
}

TEST(Estimate, PercentilesAndWhatIsUndefined) {
  std::vector<std::optional<double>> values;
  for (int i = 0; i <= 100; ++i) values.emplace_back(i);
  const Estimate some = percentile_estimate(50.0, values, 0.9);
  EXPECT_EQ(some.low, 5.0);
  EXPECT_EQ(some.high, 95.0);
  EXPECT_FALSE(percentile_estimate(std::nullopt, values, 0.9).value);
  for (int i = 0; i < 4; ++i) values[static_cast<std::size_t>(i)] = std::nullopt;
  EXPECT_FALSE(percentile_estimate(50.0, values, 0.9).value) << "4 of 101 resamples lack it";
}

TEST(Estimate, ResamplesDrawAsManyRows) {
  std::mt19937_64 random(3);
  std::vector<std::uint32_t> counts(1000, 7);
  draw_resample(random, counts);
  std::uint64_t sum = 0;
  for (const auto count : counts) sum += count;
  EXPECT_EQ(sum, 1000U);
}

TEST(GapClosed, WorkedOutByHand) {
  // The strong model is always right, the weak one in rows 0 and 1. Prompt only knows nothing.
  const Doubles weak = {1, 1, 0, 0}, strong = {1, 1, 1, 1}, prompt = {0, 0, 0, 0};
  // Escalates row 2, then 1, then 3, then 0.
  const Doubles other = {4, 2, 1, 3};
  const auto gap = gap_closed(prompt, other, weak, strong, {.resamples = 0});
  ASSERT_TRUE(gap);
  // Areas: prompt 0.75; oracle (.5 + .75)/8 + (.75 + 1)/8 + 1/2 = 0.875;
  // other .15625 + .1875 + .21875 + .25 = 0.8125.
  EXPECT_NEAR(*gap->by_area.value, 0.5, 1e-12);
  // At half escalated: prompt 0.75, oracle 1, other 0.75.
  EXPECT_EQ(gap->budget, 0.5);
  EXPECT_NEAR(*gap->at_budget.value, 0.0, 1e-12);
  // For 0.95: prompt 0.9, oracle 0.45, other 0.7.
  EXPECT_NEAR(*gap->by_escalation.value, 0.2 / 0.45, 1e-9);
}

TEST(GapClosed, EndsOfTheScale) {
  std::mt19937_64 random(1);
  Doubles weak, strong, prompt, best;
  for (int i = 0; i < 200; ++i) {
    weak.push_back(random() % 2 == 0 ? 1.0 : 0.0);
    strong.push_back(random() % 5 != 0 ? 1.0 : 0.0);
    prompt.push_back(static_cast<double>(random() % 1000));
    best.push_back(weak.back() - strong.back());
  }
  const auto same = gap_closed(prompt, prompt, weak, strong, {.resamples = 50});
  const auto oracle = gap_closed(prompt, best, weak, strong, {.resamples = 50});
  ASSERT_TRUE(same && oracle);
  for (const auto& [gap, expected] : {std::pair(&*same, 0.0), std::pair(&*oracle, 1.0)})
    for (const Estimate* figure : {&gap->by_area, &gap->at_budget, &gap->by_escalation}) {
      ASSERT_TRUE(figure->value);
      EXPECT_NEAR(*figure->value, expected, 1e-9);
      EXPECT_NEAR(figure->low, expected, 1e-9);
      EXPECT_NEAR(figure->high, expected, 1e-9);
    }
}

TEST(GapClosed, NoGapAndNoRows) {
  const Doubles same = {1, 0, 1};
  const auto gap = gap_closed(same, same, same, same, {.resamples = 10});
  ASSERT_TRUE(gap);
  EXPECT_FALSE(gap->by_area.value) << "the models agree everywhere: there is no gap";
  EXPECT_FALSE(gap_closed({}, {}, {}, {}, {}));
  EXPECT_FALSE(gap_closed(same, same, Doubles{1, 0}, same, {}));
}

MixTask simple_task(std::string name, std::size_t rows, double right, bool knows) {
  MixTask task{.name = std::move(name),
               .weak = {},
               .strong = {},
               .staying = {},
               .cloud_cost = {},
               .local_cost = {},
               .folds = {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const bool ok = static_cast<double>(i) < right * static_cast<double>(rows);
    task.weak.push_back(ok ? 1.0 : 0.0);
    task.strong.push_back(1.0);
    // Distinct scores, so that a threshold can cut anywhere.
    const double order = static_cast<double>((i * 7919) % rows) / static_cast<double>(rows);
    task.staying.push_back(knows ? (ok ? 0.0 : -1.0) + order * 0.5 : order);
    task.cloud_cost.push_back(2.0);
    task.local_cost.push_back(0.5);
    task.folds.push_back(static_cast<std::uint32_t>((i * 31) % 5));
  }
  return task;
}

TEST(TaskMix, SharesAndCosts) {
  const std::vector<MixTask> tasks = {simple_task("a", 1000, 0.8, true)};
  const auto figures = mix_figures(tasks, Doubles{1.0}, {.resamples = 20});
  ASSERT_TRUE(figures);
  // 15 % must go to keep 95 %; each of those costs the cloud's 2, and each request 0.5.
  EXPECT_NEAR(*figures->local.value, 0.85, 0.01);
  EXPECT_NEAR(*figures->kept.value, 0.95, 0.01);
  EXPECT_NEAR(*figures->saved.value, *figures->local.value - 0.25, 1e-9);
}

TEST(TaskMix, WeightsCountNotRows) {
  const std::vector<MixTask> tasks = {simple_task("good", 100, 1.0, true),
                                      simple_task("bad", 1000, 0.0, true)};
  const auto figures = mix_figures(tasks, Doubles{3.0, 1.0}, {.resamples = 0});
  ASSERT_TRUE(figures);
  // A quarter is wrong; a twentieth of all may stay wrong.
  EXPECT_NEAR(*figures->local.value, 0.8, 0.01);
  EXPECT_NEAR(*figures->kept.value, 0.95, 0.01);
}

TEST(TaskMix, Refuses) {
  const std::vector<MixTask> tasks = {simple_task("a", 10, 0.5, true)};
  EXPECT_FALSE(mix_figures(tasks, Doubles{0.0}, {}));
  EXPECT_FALSE(mix_figures(tasks, Doubles{1.0, 1.0}, {}));
  EXPECT_FALSE(mix_figures({}, Doubles{}, {}));
  EXPECT_FALSE(mix_figures(std::vector<MixTask>(1), Doubles{1.0}, {}));
}

TEST(TaskMix, Grid) {
  const auto grid = mix_grid(3, 10);
  EXPECT_EQ(grid.size(), 66U);
  EXPECT_EQ(std::set<Doubles>(grid.begin(), grid.end()).size(), 66U);
  for (const Doubles& weights : grid) EXPECT_NEAR(weights[0] + weights[1] + weights[2], 1.0, 1e-12);
  EXPECT_TRUE(mix_grid(0, 10).empty());
}

/// Prompts that name themselves, with outcomes that have nothing to do with them: who sees a row
/// while learning knows its outcome, who does not cannot.
OutcomePairs memorable_rows() {
  std::mt19937_64 random(9);
  OutcomePairs pairs;
  for (int i = 0; i < 400; ++i) {
    pairs.ids.push_back(std::to_string(i));
    pairs.prompts.push_back("name" + std::to_string(random()) + " only" + std::to_string(random()));
    pairs.weak.push_back(random() % 2 == 0 ? 1.0 : 0.0);
    pairs.strong.push_back(random() % 2 == 0 ? 1.0 : 0.0);
  }
  return pairs;
}

TEST(PromptScores, NoRowIsJudgedByWhatItTaught) {
  const OutcomePairs pairs = memorable_rows();
  const auto nested = score_prompts_nested(pairs, {.penalty = 0.1, .threads = 2});
  ASSERT_TRUE(nested);
  for (const ExpectedOutcomes& scores : nested->without) {
    const auto auc = rank_auc(scores.weak, pairs.weak);
    ASSERT_TRUE(auc);
    EXPECT_NEAR(*auc, 0.5, 0.1);
  }
  const auto plain = score_prompts(pairs, {.penalty = 0.1, .threads = 1});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->weak, nested->plain().weak) << "the threads must not matter";
}

TEST(PromptScores, LearnsWhatWordsTell) {
  OutcomePairs pairs = memorable_rows();
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs.prompts[i] += pairs.weak[i] > 0.5 ? " simple" : " difficult";
  const auto scores = score_prompts(pairs, {});
  ASSERT_TRUE(scores);
  EXPECT_GT(*rank_auc(scores->weak, pairs.weak), 0.99);
  EXPECT_NEAR(*rank_auc(scores->strong, pairs.strong), 0.5, 0.1);
}

TEST(PromptScores, RefusesWhatCannotBeParted) {
  OutcomePairs pairs = memorable_rows();
  for (std::string& prompt : pairs.prompts) prompt = "always the same";
  EXPECT_FALSE(score_prompts(pairs, {}));
}

TEST(ConfidenceScores, OneOutcomeIsExpectedOfAll) {
  OutcomePairs pairs = memorable_rows();
  std::ranges::fill(pairs.strong, 1.0);
  std::vector<ConfidenceFeatures> features(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i)
    features[i][ConfidenceFeature::LogprobMean] = pairs.weak[i] - 2.0;
  const auto scores = score_signals(features, pairs, folds_of(pairs.ids, 5, 1), 5, {});
  ASSERT_TRUE(scores);
  EXPECT_EQ(scores->strong, Doubles(pairs.size(), 1.0));
  EXPECT_GT(*rank_auc(scores->weak, pairs.weak), 0.99);
}

TEST(ReadInput, RefusesDamagedGzip) {
  EXPECT_EQ(gunzip("\x1F\x8B garbage", "f").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(gunzip("", "f").error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace croft
