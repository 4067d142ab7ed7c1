// Goal: time-outs pass neither early nor because the process was stopped, and pass on a machine
// that is always late. Method: a clock that is told the time.
#include "base/tick_clock.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

using namespace std::chrono_literals;

TEST(TickClock, ADeadlineComesAfterItsDurationAndSoonAfter) {
  TickClock clock(100ms);
  TickClock::Time now{};
  clock.start(now);
  for (const auto duration : {1ms, 100ms, 101ms, 1000ms}) {
    const TickClock::Ticks due = clock.after(duration);
    // The duration may have begun right before a tick.
    EXPECT_GE((due - clock.now() - 1) * 100ms, duration);
    EXPECT_LT((due - clock.now()) * 100ms, duration + 200ms);
  }
  const TickClock::Ticks due = clock.after(1s);
  for (int i = 0; i < 11; ++i) {
    EXPECT_LT(clock.now(), due) << i;
    clock.tick(now += 100ms);
  }
  EXPECT_GE(clock.now(), due);
}

TEST(TickClock, TimeInWhichTheProcessWasStoppedDoesNotCount) {
  TickClock clock(100ms);
  TickClock::Time now{};
  clock.start(now);
  const TickClock::Ticks due = clock.after(100ms);
  clock.tick(now += 100ms);
  clock.tick(now += 1h);
  EXPECT_LT(clock.now(), due) << "cut off for an hour nobody lived through";
  clock.tick(now += 100ms);
  EXPECT_GE(clock.now(), due);
}

TEST(TickClock, AlwaysLateStillPasses) {
  TickClock clock(100ms);
  TickClock::Time now{};
  clock.start(now);
  for (int i = 0; i < 20; ++i) clock.tick(now += 1s);
  EXPECT_EQ(clock.now(), 10u);
}

TEST(TickClock, APauseIsNotATick) {
  TickClock clock(100ms);
  TickClock::Time now{};
  clock.start(now);
  clock.tick(now += 100ms);
  clock.start(now += 1h);
  clock.tick(now += 100ms);
  EXPECT_EQ(clock.now(), 2u);
}

}  // namespace
}  // namespace croft
