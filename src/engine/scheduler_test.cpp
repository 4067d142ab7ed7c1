// Goal: nobody starves, no page leaks or holds another's keys, every job ends once, the same seed
// gives the same run. Method: simulation with a virtual clock over random schedules; where a model
// would store keys, a fingerprint of all tokens up to that position is stored and checked.
#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

namespace croft {
namespace {

using std::chrono::milliseconds;

KvPool make_pool(std::size_t pages) {
  ModelConfig config;
  config.layer_count = 1;
  config.kv_head_count = 1;
  config.head_size = 16;
  auto pool = KvPool::create(config, {.positions = pages * kv_block_positions});
  EXPECT_TRUE(pool.has_value());
  return std::move(*pool);
}

struct FakeJob : ScheduledJob {
  FakeJob(KvPool& pool, std::vector<TokenId> prompt, std::size_t answer_in)
      : ScheduledJob(pool), all(std::move(prompt)), answer(answer_in) {
    prompt_size = all.size();
  }
  [[nodiscard]] std::span<const TokenId> tokens() const override { return all; }
  [[nodiscard]] std::size_t generated() const { return all.size() - prompt_size; }

  std::vector<TokenId> all;
  mutable std::vector<std::uint64_t> fingerprints;  ///< of all tokens up to each
  std::size_t answer;                               ///< tokens it will generate
  int endings = 0;
  bool started = false;
  SteadyTime first_token{}, ended{};
};

/// What the keys of tokens[position] depend on: everything up to there, the tenant and the regime.
std::uint64_t fingerprint(const FakeJob& job, std::size_t position) {
  auto& so_far = job.fingerprints;
  for (std::size_t i = so_far.size(); i <= position; ++i)
    so_far.push_back(((i == 0 ? 17 : so_far.back()) ^ static_cast<std::uint64_t>(job.all[i])) *
                     0x100000001b3);
  return so_far[position] + job.tenant * 2 + static_cast<std::uint64_t>(job.rope_long);
}

std::byte* cell(const FakeJob& job, std::size_t position) {
  return job.kv.layer(0).pages[position / kv_block_positions] + position % kv_block_positions * 8;
}

class Simulation {
 public:
  Simulation(std::size_t pages, const SchedulerOptions& options)
      : pool_(make_pool(pages)), scheduler_(pool_, options) {}

  FakeJob& submit(std::vector<TokenId> prompt, std::size_t answer, std::uint64_t tenant = 0,
                  Priority priority = Priority::Interactive) {
    jobs_.push_back(std::make_unique<FakeJob>(pool_, std::move(prompt), answer));
    FakeJob& job = *jobs_.back();
    job.tenant = tenant;
    job.priority = priority;
    job.submitted = now_;
    scheduler_.add(job);
    return job;
  }

  void cancel(FakeJob& job) {
    if (job.endings == 0) end(job);
  }

  /// Plans, "computes" and ends a step; false when there was nothing to do.
  bool step(std::mt19937_64* drafts = nullptr) {
    const auto drafts_of = [&](ScheduledJob&) -> std::size_t {
      return drafts == nullptr ? 0 : (*drafts)() % 4;
    };
    const std::vector<PlannedRows> plan = scheduler_.plan(now_, drafts_of);
    if (plan.empty()) return false;
    double seconds = 1e-3;
    for (const PlannedRows& rows : plan) {
      auto& job = static_cast<FakeJob&>(*rows.job);
      const bool decoding = rows.count == 1 && rows.first + 1 == job.all.size();
      seconds += decoding ? 2e-4 : 5e-5 * static_cast<double>(rows.count);
      check_kept(job, rows.first);
      for (std::size_t p = rows.first; p < rows.first + rows.count; ++p) {
        const std::uint64_t mark = fingerprint(job, p);
        // Nobody writes what others read.
        EXPECT_EQ(pool_.references(job.kv.ids()[p / kv_block_positions]), 1u);
        std::memcpy(cell(job, p), &mark, sizeof mark);
      }
      note(job.prompt_size, rows.first, rows.count, rows.drafted);
    }
    now_ +=
        std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
    longest_step_ = std::max(longest_step_, seconds);
    scheduler_.stepped(seconds);
    for (const PlannedRows& rows : plan) {
      auto& job = static_cast<FakeJob&>(*rows.job);
      if (job.computed != job.all.size()) continue;
      if (job.generated() == 0) job.first_token = now_;
      std::size_t held = rows.drafted == 0 ? 0 : (*drafts)() % (rows.drafted + 1);
      held = std::min(held, job.answer - job.generated() - 1);
      for (std::size_t i = 0; i < held + 1; ++i)
        job.all.push_back(static_cast<TokenId>((job.all.size() * 31 + job.prompt_size) % 997));
      for (std::size_t i = 0; i < held; ++i) {
        const std::size_t p = job.computed + i;
        const std::uint64_t mark = fingerprint(job, p);
        std::memcpy(cell(job, p), &mark, sizeof mark);
      }
      scheduler_.accept_drafts(job, held);
      if (job.generated() >= job.answer) end(job);
    }
    return true;
  }

  void check_kept(const FakeJob& job, std::size_t positions) {
    for (std::size_t p = 0; p < positions; ++p) {
      std::uint64_t mark = 0;
      std::memcpy(&mark, cell(job, p), sizeof mark);
      ASSERT_EQ(mark, fingerprint(job, p)) << "position " << p;
    }
  }

  /// All pages are free once the tree forgets.
  void expect_no_leak() {
    EXPECT_TRUE(scheduler_.idle());
    EXPECT_EQ(pool_.pages_free() + scheduler_.prefix_pages(), pool_.pages_total());
    scheduler_.forget_prefixes();
    EXPECT_EQ(pool_.pages_free(), pool_.pages_total());
  }

  void end(FakeJob& job) {
    ++job.endings;
    job.ended = now_;
    scheduler_.remove(job);
    note(job.prompt_size, job.all.size(), 0, 0);
  }

  void wait(milliseconds time) { now_ += time; }
  SteadyTime now() const { return now_; }
  Scheduler& scheduler() { return scheduler_; }
  std::vector<std::unique_ptr<FakeJob>>& jobs() { return jobs_; }
  std::uint64_t trace() const { return trace_; }
  double longest_step() const { return longest_step_; }
  void forget_longest_step() { longest_step_ = 0.0; }

 private:
  void note(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    for (const std::size_t value : {a, b, c, d}) trace_ = (trace_ ^ value) * 0x100000001b3;
  }

  KvPool pool_;
  std::vector<std::unique_ptr<FakeJob>> jobs_;  // before the scheduler: it lets go of them first
  Scheduler scheduler_;
  SteadyTime now_{};
  std::uint64_t trace_ = 1;
  double longest_step_ = 0.0;
};

std::vector<TokenId> prompt_of(std::size_t size, TokenId salt) {
  std::vector<TokenId> tokens(size);
  for (std::size_t i = 0; i < size; ++i)
    tokens[i] = static_cast<TokenId>((i * 7 + static_cast<std::size_t>(salt) * 131) % 1000);
  return tokens;
}

/// One random schedule; returns the trace of everything that happened.
std::uint64_t run_random(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t context = 6 * kv_block_positions;
  const std::size_t pages = 6 + below(8);
  SchedulerOptions options{.parallel = 1 + below(5),
                           .chunk_max = 1 + below(200),
                           .long_rope_from = below(3) == 0 ? std::size_t{150} : std::size_t{0},
                           .prefix_cache = below(4) != 0,
                           .prefix_pages_max = below(6),
                           .batch_patience = milliseconds(200)};
  Simulation simulation(pages, options);
  const std::size_t jobs = 3 + below(14);
  std::size_t submitted = 0;
  std::size_t steps = 0;
  while (submitted < jobs || !simulation.scheduler().idle()) {
    if (submitted < jobs && (below(3) == 0 || simulation.scheduler().idle())) {
      const std::size_t size = below(5) == 0 ? 200 + below(150) : 1 + below(90);
      const std::size_t answer = 1 + below(std::min<std::size_t>(context - size, 120));
      // Few salts: many prompts begin alike.
      FakeJob& job =
          simulation.submit(prompt_of(size, static_cast<TokenId>(below(3))), answer, below(3),
                            below(3) == 0 ? Priority::Batch : Priority::Interactive);
      job.reuses_prefix = below(8) != 0;
      ++submitted;
    }
    if (below(20) == 0 && !simulation.jobs().empty())
      simulation.cancel(*simulation.jobs()[below(simulation.jobs().size())]);
    simulation.step(below(2) == 0 ? &random : nullptr);
    if (testing::Test::HasFatalFailure()) break;
    if (++steps > 20'000) {
      ADD_FAILURE() << "no end in sight";
      break;
    }
  }
  for (const auto& job : simulation.jobs()) EXPECT_EQ(job->endings, 1);
  simulation.expect_no_leak();
  return simulation.trace();
}

TEST(Scheduler, TenThousandRandomSchedules) {
  const char* wanted = std::getenv("CROFT_SCHEDULES");
  const std::uint64_t count = wanted == nullptr ? 10'000 : std::strtoull(wanted, nullptr, 10);
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    run_random(seed);
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Scheduler, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) EXPECT_EQ(run_random(seed), run_random(seed));
}

TEST(Scheduler, ABeginningThatIsKnownIsNotComputedAgain) {
  Simulation simulation(32, {.parallel = 2});
  FakeJob& first = simulation.submit(prompt_of(300, 1), 5);
  while (simulation.step()) {
  }
  EXPECT_EQ(first.reused, 0u);
  FakeJob& second = simulation.submit(prompt_of(300, 1), 5);
  FakeJob& other = simulation.submit(prompt_of(300, 1), 5, 7);
  while (simulation.step()) {
  }
  EXPECT_EQ(second.reused, 256u);
  EXPECT_EQ(other.reused, 0u) << "another tenant's";
  EXPECT_EQ(simulation.scheduler().stats().prefix_hits_total, 256u);
}

TEST(Scheduler, APromptThatIsKnownWholeStillComputesItsLastToken) {
  Simulation simulation(32, {.parallel = 2});
  simulation.submit(prompt_of(128, 1), 1);
  while (simulation.step()) {
  }
  FakeJob& again = simulation.submit(prompt_of(128, 1), 1);
  while (simulation.step()) {
  }
  EXPECT_EQ(again.reused, 64u);
  EXPECT_EQ(again.endings, 1);
}

TEST(Scheduler, WhatIsKeptForNobodyHasALimit) {
  Simulation simulation(64, {.parallel = 1, .prefix_pages_max = 3});
  for (TokenId i = 0; i < 6; ++i) {
    simulation.submit(prompt_of(200, i), 2);
    while (simulation.step()) {
    }
    EXPECT_EQ(simulation.scheduler().prefix_pages(), 3u);
  }
  FakeJob& latest = simulation.submit(prompt_of(200, 5), 2);
  while (simulation.step()) {
  }
  EXPECT_EQ(latest.reused, 192u) << "the least recent ones were forgotten";
}

TEST(Scheduler, ALongPromptDoesNotStopStreams) {
  Simulation simulation(200, {.parallel = 16, .chunk_max = 512});
  for (TokenId i = 0; i < 8; ++i) simulation.submit(prompt_of(10, i), 400);
  for (int i = 0; i < 60; ++i) simulation.step();
  simulation.forget_longest_step();
  for (int i = 0; i < 20; ++i) simulation.step();
  const double alone = simulation.longest_step();
  simulation.submit(prompt_of(4000, 9), 4);
  for (int i = 0; i < 4; ++i) simulation.step();  // before the first measurement
  simulation.forget_longest_step();
  for (int i = 0; i < 200; ++i) simulation.step();
  EXPECT_LE(simulation.longest_step(), 3.0 * alone);
}

TEST(Scheduler, AShortPromptIsComputedFasterBesideAFewStreams) {
  // The first token of 200 tokens' answer, beside one stream: in steps that nobody minds.
  const auto steps_until_first_token = [](std::size_t prompt) {
    Simulation simulation(200, {.parallel = 16, .chunk_max = 512});
    simulation.submit(prompt_of(20, 1), 3000);
    for (int i = 0; i < 10; ++i) simulation.step();
    simulation.submit(prompt_of(300, 2), 1);  // prompts' rate is known from here on
    for (int i = 0; i < 40; ++i) simulation.step();
    FakeJob& job = simulation.submit(prompt_of(prompt, 3), 1);
    simulation.forget_longest_step();
    std::size_t steps = 0;
    for (; job.endings == 0 && steps < 1000; ++steps) simulation.step();
    EXPECT_LT(simulation.longest_step(), 0.06);
    return steps;
  };
  EXPECT_LE(steps_until_first_token(200), 2u);
  EXPECT_GE(steps_until_first_token(4000), 50u) << "a long one does not take that";
}

TEST(Scheduler, AShortPromptOvertakesALongOne) {
  Simulation simulation(200, {.parallel = 4, .chunk_max = 128});
  FakeJob& lengthy = simulation.submit(prompt_of(4000, 1), 1);
  simulation.step();
  FakeJob& brief = simulation.submit(prompt_of(60, 2), 1);
  while (brief.endings == 0) ASSERT_TRUE(simulation.step());
  EXPECT_EQ(lengthy.endings, 0);
  EXPECT_LT(simulation.now() - brief.submitted, milliseconds(40));
}

TEST(Scheduler, ATenantWithManyRequestsWaitsForItself) {
  Simulation simulation(64, {.parallel = 2, .chunk_max = 512});
  for (TokenId i = 0; i < 40; ++i) simulation.submit(prompt_of(100, i), 20, 1);
  for (int i = 0; i < 5; ++i) simulation.step();
  FakeJob& single = simulation.submit(prompt_of(100, 77), 20, 2);
  while (single.endings == 0) ASSERT_TRUE(simulation.step());
  std::size_t ended = 0;
  for (const auto& job : simulation.jobs()) ended += static_cast<std::size_t>(job->endings);
  EXPECT_LE(ended, 7u) << "the tenant with one request waited for about one place only";
}

TEST(Scheduler, InteractiveGoesBeforeBatchAndBatchDoesNotStarve) {
  Simulation simulation(64, {.parallel = 1, .batch_patience = milliseconds(300)});
  FakeJob& batch = simulation.submit(prompt_of(50, 1), 40, 1, Priority::Batch);
  simulation.step();
  FakeJob& interactive = simulation.submit(prompt_of(50, 2), 10, 2);
  while (interactive.endings == 0) ASSERT_TRUE(simulation.step());
  EXPECT_EQ(batch.endings, 0) << "it was the first, but gave way";
  // From here on there is always an interactive request waiting.
  TokenId salt = 3;
  while (batch.endings == 0) {
    if (simulation.scheduler().waiting() < 2) simulation.submit(prompt_of(50, ++salt), 10, 2);
    ASSERT_TRUE(simulation.step());
    ASSERT_LT(simulation.now() - batch.submitted, milliseconds(2000));
  }
}

TEST(Scheduler, WhoIsPreemptedLosesNothing) {
  // Two jobs that grow beyond what the pool holds for both.
  Simulation simulation(6, {.parallel = 2, .prefix_cache = false});
  FakeJob& one = simulation.submit(prompt_of(100, 1), 200);
  FakeJob& two = simulation.submit(prompt_of(100, 2), 200);
  while (simulation.step()) {
  }
  EXPECT_GT(simulation.scheduler().stats().preemptions_total, 0u);
  EXPECT_EQ(one.generated(), 200u);
  EXPECT_EQ(two.generated(), 200u);
  EXPECT_LT(one.ended, two.ended) << "the older one was not the victim";
  simulation.expect_no_leak();
}

}  // namespace
}  // namespace croft
