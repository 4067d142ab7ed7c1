// Goal: the drift monitor raises false alarms no more often than it says, however long it looks,
// and real ones soon. Method: simulated streams; saved states, right and wrong.
#include "router/confidence/drift_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace croft {
namespace {

using testing::HasSubstr;

/// Updates until the alarm; `steps` + 1 where there is none.
int alarm_step(double alpha, double delta, int steps, std::uint64_t seed, auto loss) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  DriftMonitor monitor = DriftMonitor::create({.max_worse = alpha, .delta = delta}).value();
  for (int step = 1; step <= steps; ++step)
    if (monitor.update(loss(step, uniform(random))).value().alarmed) return step;
  return steps + 1;
}

TEST(DriftMonitor, FalseAlarmsAreAsRareAsPromised) {
  constexpr int streams = 2000, steps = 2000;
  struct Case {
    double alpha, delta;
    bool fractional;
  };
  for (const Case& one : {Case{0.05, 0.05, false}, {0.2, 0.1, true}, {0.6, 0.05, false}}) {
    int alarms = 0;
    for (int stream = 0; stream < streams; ++stream) {
      const auto loss = [&](int, double u) {  // the mean is alpha exactly: the worst null
        return one.fractional ? (u < 0.5 ? 2.0 * one.alpha : 0.0) : (u < one.alpha ? 1.0 : 0.0);
      };
      alarms +=
          alarm_step(one.alpha, one.delta, steps, static_cast<std::uint64_t>(stream), loss) <= steps
              ? 1
              : 0;
    }
    EXPECT_LE(alarms, one.delta * streams) << one.alpha;
    EXPECT_GT(alarms, 0) << one.alpha << ": a test that never alarms proves nothing";
  }
}

TEST(DriftMonitor, DriftIsSeenWithinAFewHundred) {
  constexpr double alpha = 0.05;
  const auto median = [](auto loss) {
    std::vector<int> steps;
    for (std::uint64_t stream = 0; stream < 201; ++stream)
      steps.push_back(alarm_step(alpha, 0.05, 6000, stream, loss));
    std::nth_element(steps.begin(), steps.begin() + 100, steps.end());
    return steps[100];
  };
  EXPECT_LT(median([](int, double u) { return u < 3 * alpha ? 1.0 : 0.0; }), 200);
  EXPECT_LT(median([](int, double u) { return u < 6 * alpha ? u + 0.5 : 0.0; }), 200);
  // After a long time in which all was well.
  const int late = median(
      [](int step, double u) { return u < (step <= 3000 ? 0.5 * alpha : 3 * alpha) ? 1.0 : 0.0; });
  EXPECT_GT(late, 3000);
  EXPECT_LT(late, 3400);
}

TEST(DriftMonitor, RefusesWhatIsNoLoss) {
  DriftMonitor monitor = DriftMonitor::create({}).value();
  for (const double loss : {-0.01, 1.01, std::nan(""), 1.0 / 0.0})
    EXPECT_EQ(monitor.update(loss).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(monitor.state().updates, 0U);
  EXPECT_NEAR(monitor.state().wealth, 1.0, 1e-12);
  for (const double wrong : {0.0, 1.0, std::nan("")}) {
    EXPECT_FALSE(DriftMonitor::create({.max_worse = wrong}).has_value());
    EXPECT_FALSE(DriftMonitor::create({.delta = wrong}).has_value());
  }
}

TEST(DriftMonitor, AlarmStaysAndWealthIsBounded) {
  DriftMonitor monitor = DriftMonitor::create({}).value();
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(monitor.update(1.0).has_value());
  EXPECT_TRUE(std::isfinite(monitor.state().wealth));
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(monitor.update(0.0).has_value());
  EXPECT_TRUE(monitor.state().alarmed);
  EXPECT_EQ(monitor.state().updates, 205'000U);
}

TEST(DriftMonitor, StateIsSavedAndRestored) {
  const DriftOptions options{.max_worse = 0.1, .delta = 0.05};
  DriftMonitor whole = DriftMonitor::create(options).value();
  DriftMonitor parts = DriftMonitor::create(options).value();
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const double loss = random() % 10 < 2 ? 1.0 : 0.0;
    ASSERT_TRUE(whole.update(loss).has_value());
    auto restored = DriftMonitor::restore(options, parts.state_json());
    ASSERT_TRUE(restored.has_value()) << restored.error().to_string();
    ASSERT_TRUE(restored->update(loss).has_value());
    parts.~DriftMonitor();
    new (&parts) DriftMonitor(std::move(*restored));
  }
  EXPECT_NEAR(parts.state().wealth / whole.state().wealth, 1.0, 1e-9);
  EXPECT_EQ(parts.state().updates, 300U);
  EXPECT_EQ(parts.state().alarmed, whole.state().alarmed);
}

TEST(DriftMonitor, WrongStatesAreRefused) {
  const DriftOptions options{};
  const std::string good = DriftMonitor::create(options)->state_json();
  const auto says = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto restored = DriftMonitor::restore(options, text);
    return restored ? std::string("taken: ") + text : restored.error().message;
  };
  EXPECT_TRUE(DriftMonitor::restore(options, good).has_value());
  EXPECT_THAT(says("{", "["), HasSubstr("not valid JSON"));
  EXPECT_THAT(says("\"croft_drift\":1", "\"croft_drift\":2"), HasSubstr("another version"));
  EXPECT_THAT(says("\"max_worse\":5E-2", "\"max_worse\":6E-2"), HasSubstr("another promise"));
  EXPECT_THAT(says("\"updates\":0", "\"updates\":-1"), HasSubstr("lacks a member"));
  EXPECT_THAT(says("\"loss_sum\":0E0", "\"loss_sum\":5"), HasSubstr("sum of losses"));
  EXPECT_THAT(says("\"money\":[0E0", "\"money\":[-1"), HasSubstr("money out of range"));
  EXPECT_THAT(says("\"money\":[0E0", "\"money\":[1e4"), HasSubstr("denies an alarm"));
  EXPECT_THAT(says("\"money\":[0E0", "\"money\":[0,0"), HasSubstr("lacks a member"));
}

TEST(DriftMonitor, ManyThreadsLoseNoUpdate) {
  DriftMonitor monitor = DriftMonitor::create({}).value();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        EXPECT_TRUE(monitor.update(i % 50 == 0 ? 1.0 : 0.0).has_value());
        EXPECT_TRUE(i % 100 != 0 || !monitor.state_json().empty());
      }
    });
  threads.clear();
  EXPECT_EQ(monitor.state().updates, 8000U);
  EXPECT_EQ(monitor.state().loss_sum, 160.0);
}

}  // namespace
}  // namespace croft
