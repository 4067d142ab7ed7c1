// Goal:   a plan can be trusted as far as its rates: it is the same every time, and it moves the
// way
//         it must when requests, targets or the machine change.
// Method: the simulation with made-up rates of round numbers; the price of a step by hand; capacity
//         compared with what queueing theory allows.
#include "engine/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace croft {
namespace {

/// A step reads weights for 5 ms; 0.4 ms more for each further row; 0.2 ms for logits.
StepRates rates() {
  StepRates rates;
  for (const std::size_t n : {1u, 2u, 4u, 8u, 16u, 64u, 256u, 512u})
    rates.prompt.push_back({n, 5e-3 + 4e-4 * static_cast<double>(n - 1)});
  for (const std::size_t n : {1u, 2u, 4u, 8u, 16u})
    rates.answers.push_back(
        {n, 5e-3 + 4e-4 * static_cast<double>(n - 1) + 2e-4 * static_cast<double>(n)});
  rates.answers_depth = 16;
  return rates;
}

WorkloadOptions load() {
  WorkloadOptions options;
  options.mix = {{.name = "chat", .share = 1, .prompt = 200, .answer = 40, .shared = 128}};
  options.context = 2048;
  options.kv_pages = 17 * kv_page_count(2048);
  options.scheduler = {.parallel = 16, .chunk_max = 512, .prefix_pages_max = 100};
  options.runs = 2;
  options.requests = 200;
  return options;
}

double capacity(const StepRates& rates, const WorkloadOptions& options) {
  const auto found = find_capacity(rates, options);
  EXPECT_TRUE(found.has_value()) << found.error().to_string();
  return found ? found->rate : 0.0;
}

TEST(Capacity, AStepCostsWhatWasMeasured) {
  const StepCost cost(rates());
  WorkloadOptions options = load();
  ModelConfig config;
  config.layer_count = config.kv_head_count = 1;
  config.head_size = 16;
  KvPool pool = std::move(*KvPool::create(config, {.positions = 64}));
  struct Job : ScheduledJob {
    Job(KvPool& pool, std::size_t prompt, std::size_t made)
        : ScheduledJob(pool), all(prompt + made) {
      prompt_size = prompt;
    }
    [[nodiscard]] std::span<const TokenId> tokens() const override { return all; }
    std::vector<TokenId> all;
  };
  Job prompt(pool, 300, 0), first(pool, 100, 3), second(pool, 100, 7);
  using Plan = std::vector<PlannedRows>;
  const auto seconds = [&](const Plan& plan) { return cost.seconds(plan); };
  EXPECT_NEAR(seconds({{&first, 102, 1, 0}}), 5.2e-3, 1e-9) << "one answer";
  EXPECT_NEAR(seconds({{&first, 102, 1, 0}, {&second, 106, 1, 0}}), 5.8e-3, 1e-9) << "two";
  EXPECT_NEAR(seconds({{&prompt, 0, 100, 0}}), 5e-3 + 99 * 4e-4, 1e-9) << "a chunk has no logits";
  EXPECT_NEAR(seconds({{&prompt, 200, 100, 0}}), 5e-3 + 99 * 4e-4 + 2e-4, 1e-9) << "the last has";
  EXPECT_NEAR(seconds({{&first, 102, 1, 0}, {&prompt, 0, 100, 0}}), 5e-3 + 100 * 4e-4 + 2e-4, 1e-9)
      << "together weights are read once";
  EXPECT_NEAR(seconds({{&prompt, 0, 1024, 0}}), 2 * (5e-3 + 511 * 4e-4), 1e-9)
      << "beyond the table in proportion";

  StepRates deep = rates();
  deep.prompt_position_s = 1e-7;
  deep.answer_position_s = 1e-6;
  deep.step_overhead_s = 1e-3;
  const StepCost deeper(deep);
  EXPECT_NEAR(deeper.seconds(Plan{{&first, 102, 1, 0}}), 5.2e-3 + 86e-6 + 1e-3, 1e-9);
  EXPECT_NEAR(deeper.seconds(Plan{{&prompt, 100, 100, 0}}), 5e-3 + 99 * 4e-4 + 1e-3, 1e-9);
}

TEST(Capacity, NoisyTablesDoNotFall) {
  StepRates noisy = rates();
  noisy.prompt[3].seconds = 1e-3;
  noisy.answers[2].seconds = 1e-3;
  const auto found = find_capacity(noisy, load());
  ASSERT_TRUE(found.has_value());
  EXPECT_GT(found->rate, 0.0);
}

TEST(Capacity, TheSameSeedGivesTheSamePlan) {
  const auto first = simulate_load(rates(), load(), 3.0);
  const auto again = simulate_load(rates(), load(), 3.0);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->first.target, again->first.target);
  EXPECT_EQ(first->between.p50, again->between.p50);
  EXPECT_EQ(first->busy, again->busy);
  EXPECT_EQ(capacity(rates(), load()), capacity(rates(), load()));
  WorkloadOptions other = load();
  other.seed = 2;
  EXPECT_NE(simulate_load(rates(), other, 3.0)->busy, first->busy);
}

TEST(Capacity, OneAfterAnotherWaitsForNobody) {
  WorkloadOptions options = load();
  options.spread = 0.0;
  const auto alone = simulate_load(rates(), options, 0.0);
  ASSERT_TRUE(alone.has_value());
  // 72 of 200 prompt tokens are not shared; then a step for each of the other 39 tokens.
  EXPECT_NEAR(alone->first.p50, 5e-3 + 71 * 4e-4 + 2e-4, 1e-6);
  EXPECT_NEAR(alone->between.p50, 5.2e-3, 1e-6);
  EXPECT_NEAR(alone->whole.p50, alone->first.p50 + 39 * 5.2e-3, 1e-6);
  EXPECT_NEAR(alone->busy, 1.0, 1e-6);
}

TEST(Capacity, LatenciesGrowWithTheLoad) {
  const double most = capacity(rates(), load());
  double before = 0.0;
  for (const double share : {0.2, 0.6, 1.0, 1.4}) {
    const auto met = simulate_load(rates(), load(), most * share);
    ASSERT_TRUE(met.has_value());
    EXPECT_GT(met->first.target, before) << share;
    before = met->first.target;
    EXPECT_EQ(met->meets(load().target), share <= 1.0) << share;
    EXPECT_GT(met->running_mean, 0.9);
    EXPECT_LE(met->kv_pages_max, load().kv_pages);
  }
}

TEST(Capacity, NoMoreThanTheMachineComputes) {
  // A request is at least 72 + 40 rows of 0.4 ms and 40 logits of 0.2 ms, however well it shares.
  const double bound = 1.0 / (112 * 4e-4 + 40 * 2e-4);
  WorkloadOptions patient = load();
  patient.spread = 0.0;
  patient.requests = 1000;
  patient.target = {.first_s = 5.0, .between_s = 5.0, .percentile = 95};
  const double most = capacity(rates(), patient);
  EXPECT_LT(most, bound * 1.1) << "a finite run may end before its queue is long";
  EXPECT_GT(most, bound * 0.5);
}

TEST(Capacity, MovesTheWayItMust) {
  const double usual = capacity(rates(), load());
  struct Change {
    const char* what;
    std::function<void(StepRates&, WorkloadOptions&)> apply;
    double least, most;  ///< against `usual`
  };
  const Change changes[] = {
      {"answers twice as long", [](auto&, auto& o) { o.mix[0].answer *= 2; }, 0.2, 0.8},
      {"first token in half the time", [](auto&, auto& o) { o.target.first_s = 0.2; }, 0.2, 0.99},
      {"tokens at twice the pace", [](auto&, auto& o) { o.target.between_s = 0.012; }, 0.01, 0.8},
      {"a machine half as fast", [](auto& r, auto&) { r = scaled(r, {2, 2, 2}); }, 0.3, 0.6},
      {"a machine twice as fast", [](auto& r, auto&) { r = scaled(r, {0.5, 0.5, 0.5}); }, 1.8, 2.9},
      {"nothing shared", [](auto&, auto& o) { o.mix[0].shared = 0; }, 0.3, 0.9},
      {"half of it found", [](auto&, auto& o) { o.shared_found = 0.5; }, 0.5, 0.97},
      {"no prefix cache", [](auto&, auto& o) { o.scheduler.prefix_cache = false; }, 0.3, 0.9},
      {"a server that takes time", [](auto& r, auto&) { r.step_overhead_s = 1e-3; }, 0.3, 0.95},
      {"one at a time", [](auto&, auto& o) { o.scheduler.parallel = 1; }, 0.05, 0.7},
      {"memory for one context", [](auto&, auto& o) { o.kv_pages = 32; }, 0.3, 1.01},
  };
  for (const Change& change : changes) {
    StepRates changed = rates();
    WorkloadOptions options = load();
    change.apply(changed, options);
    const double now = capacity(changed, options);
    EXPECT_GE(now, usual * change.least) << change.what << ": " << now << " of " << usual;
    EXPECT_LE(now, usual * change.most) << change.what << ": " << now << " of " << usual;
  }
}

TEST(Capacity, AMixLiesBetweenItsClasses) {
  WorkloadOptions light = load(), heavy = load(), both = load();
  heavy.mix[0] = {.name = "long", .share = 1, .prompt = 900, .answer = 80, .shared = 0};
  both.mix.push_back(heavy.mix[0]);
  const double mixed = capacity(rates(), both);
  EXPECT_LT(mixed, capacity(rates(), light));
  EXPECT_GT(mixed, capacity(rates(), heavy));
}

TEST(Capacity, ATargetThatNobodyMeetsIsAnError) {
  WorkloadOptions hasty = load();
  hasty.target.between_s = 0.004;
  auto found = find_capacity(rates(), hasty);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(found.error().message, testing::HasSubstr("needs 6 ms between two tokens"));
  EXPECT_THAT(found.error().hint, testing::HasSubstr("--between-ms 6"));
  hasty = load();
  hasty.target.first_s = 0.01;
  found = find_capacity(rates(), hasty);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, testing::HasSubstr("first token"));
}

TEST(Capacity, WhatItAsksForCanBeHad) {
  WorkloadOptions hasty = load();
  hasty.target = {.first_s = 0.01, .between_s = 0.004, .percentile = 95};
  std::string hint = find_capacity(rates(), hasty).error().hint;
  hasty.target.first_s = std::stod(hint.substr(hint.find("-ms ") + 4)) / 1e3;
  hint = find_capacity(rates(), hasty).error().hint;
  hasty.target.between_s = std::stod(hint.substr(hint.find("-ms ") + 4)) / 1e3;
  EXPECT_TRUE(find_capacity(rates(), hasty).has_value());
}

TEST(Capacity, ImpossibleRatesAreRefusedByName) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  struct Case {
    const char* field;
    std::function<void(StepRates&)> spoil;
  };
  const Case cases[] = {
      {"prompt", [](StepRates& r) { r.prompt.clear(); }},
      {"prompt", [](StepRates& r) { r.prompt.erase(r.prompt.begin()); }},
      {"prompt[1]", [](StepRates& r) { r.prompt[1].count = 1; }},
      {"prompt[7]", [](StepRates& r) { r.prompt.back().count = 2'000'000; }},
      {"prompt[2]", [](StepRates& r) { r.prompt[2].seconds = -1; }},
      {"prompt[2]", [](StepRates& r) { r.prompt[2].seconds = nan; }},
      {"answers[0]", [](StepRates& r) { r.answers[0].seconds = 0; }},
      {"answers[4]", [](StepRates& r) { r.answers[4].seconds = infinite; }},
      {"answers[4]", [](StepRates& r) { r.answers[4].seconds = 1e9; }},
      {"answers", [](StepRates& r) { r.answers.resize(65); }},
      {"answers_depth", [](StepRates& r) { r.answers_depth = ~std::size_t{0}; }},
      {"prompt_position_s", [](StepRates& r) { r.prompt_position_s = nan; }},
      {"answer_position_s", [](StepRates& r) { r.answer_position_s = -1e-9; }},
      {"request_overhead_s", [](StepRates& r) { r.request_overhead_s = 1e9; }},
      {"step_overhead_s", [](StepRates& r) { r.step_overhead_s = infinite; }},
  };
  ASSERT_TRUE(rates().check().has_value());
  for (const Case& tested : cases) {
    StepRates spoiled = rates();
    tested.spoil(spoiled);
    const auto found = find_capacity(spoiled, load());
    ASSERT_FALSE(found.has_value()) << tested.field;
    EXPECT_EQ(found.error().field, tested.field);
    EXPECT_EQ(found.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Capacity, RatesOfAGlacierEnd) {
  StepRates slow = rates();
  for (StepTime& entry : slow.prompt) entry.seconds = 1e4;
  for (StepTime& entry : slow.answers) entry.seconds = 1e4;
  WorkloadOptions options = load();
  options.mix[0] = {.name = "long", .share = 1, .prompt = 1, .answer = 60'000, .shared = 0};
  options.context = 262'144;
  options.kv_pages = kv_page_count(options.context);
  options.target = {.first_s = 1e4, .between_s = 1e4, .percentile = 95};
  const auto found = find_capacity(slow, options);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, testing::HasSubstr("century"));
}

TEST(Capacity, ImpossibleMixesAreRefused) {
  struct Case {
    const char* what;
    std::function<void(WorkloadOptions&)> spoil;
    ErrorCode code;
  };
  constexpr auto invalid = ErrorCode::InvalidArgument;
  const Case cases[] = {
      {"no class", [](WorkloadOptions& o) { o.mix.clear(); }, invalid},
      {"no share", [](WorkloadOptions& o) { o.mix[0].share = 0; }, invalid},
      {"no prompt", [](WorkloadOptions& o) { o.mix[0].prompt = o.mix[0].shared = 0; }, invalid},
      {"no answer", [](WorkloadOptions& o) { o.mix[0].answer = 0; }, invalid},
      {"more shared than there is", [](WorkloadOptions& o) { o.mix[0].shared = 201; }, invalid},
      {"too long", [](WorkloadOptions& o) { o.mix[0].prompt = 2009; }, ErrorCode::ContextOverflow},
      {"spread", [](WorkloadOptions& o) { o.spread = -1; }, invalid},
      {"target", [](WorkloadOptions& o) { o.target.first_s = 0; }, invalid},
      {"percentile", [](WorkloadOptions& o) { o.target.percentile = 100; }, invalid},
      {"runs", [](WorkloadOptions& o) { o.runs = 0; }, invalid},
      {"memory", [](WorkloadOptions& o) { o.kv_pages = 31; }, ErrorCode::TooLarge},
  };
  for (const Case& tested : cases) {
    WorkloadOptions options = load();
    tested.spoil(options);
    const auto found = find_capacity(rates(), options);
    ASSERT_FALSE(found.has_value()) << tested.what;
    EXPECT_EQ(found.error().code, tested.code) << tested.what;
  }
  EXPECT_FALSE(simulate_load(rates(), load(), -1.0).has_value());
  EXPECT_FALSE(simulate_load(rates(), load(), std::nan("")).has_value());
}

TEST(Capacity, ScalesFollowTheSize) {
  const StepRates before = rates();
  const StepRates after = scaled(before, {.prompt = 0.5, .answer_one = 1.0, .answers = 0.8});
  EXPECT_DOUBLE_EQ(after.prompt.front().seconds, before.prompt.front().seconds);
  EXPECT_DOUBLE_EQ(after.prompt.back().seconds, before.prompt.back().seconds * 0.5);
  EXPECT_DOUBLE_EQ(after.answers.front().seconds, before.answers.front().seconds);
  EXPECT_DOUBLE_EQ(after.answers[2].seconds, before.answers[2].seconds * 0.9);
  EXPECT_DOUBLE_EQ(after.answers.back().seconds, before.answers.back().seconds * 0.8);
}

}  // namespace
}  // namespace croft
