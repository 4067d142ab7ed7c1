// Goal: an upstream that fails is left alone, tried singly, and trusted again; pauses it asks for
// are kept. Method: a virtual clock.
#include "router/providers/circuit_breaker.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

using namespace std::chrono_literals;

class Breaker : public testing::Test {
 protected:
  CircuitBreaker breaker_{{.failures_max = 3, .cool_down = 10s, .cool_down_max = 35s}};
  CircuitBreaker::Time now_ = CircuitBreaker::Time(1h);

  void open() {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(breaker_.try_pass(now_));
      breaker_.failed(now_);
    }
  }
};

TEST_F(Breaker, OpensAfterFailuresInARow) {
  breaker_.failed(now_);
  breaker_.failed(now_);
  breaker_.succeeded();
  breaker_.failed(now_);
  breaker_.failed(now_);
  EXPECT_TRUE(breaker_.try_pass(now_));
  breaker_.failed(now_);
  EXPECT_FALSE(breaker_.try_pass(now_));
  EXPECT_EQ(breaker_.state(now_), BreakerState::Open);
  EXPECT_EQ(breaker_.wait(now_), 10s);
}

TEST_F(Breaker, OneTrialDecides) {
  open();
  now_ += 10s;
  EXPECT_EQ(breaker_.state(now_), BreakerState::HalfOpen);
  EXPECT_TRUE(breaker_.try_pass(now_));
  EXPECT_FALSE(breaker_.try_pass(now_));
  breaker_.succeeded();
  EXPECT_TRUE(breaker_.try_pass(now_));
  EXPECT_TRUE(breaker_.try_pass(now_));
}

TEST_F(Breaker, FailedTrialsLengthenThePauseUpToItsLimit) {
  open();
  for (const auto pause : {20s, 35s, 35s}) {
    now_ += 35s;
    ASSERT_TRUE(breaker_.try_pass(now_));
    breaker_.failed(now_);
    EXPECT_EQ(breaker_.wait(now_), pause);
  }
}

TEST_F(Breaker, FailuresOfEarlierRequestsDoNotLengthenThePause) {
  open();
  breaker_.failed(now_ + 1s);
  breaker_.failed(now_ + 2s);
  EXPECT_EQ(breaker_.wait(now_), 10s);
}

TEST_F(Breaker, AnAbandonedTrialLetsTheNextOneTry) {
  open();
  now_ += 10s;
  ASSERT_TRUE(breaker_.try_pass(now_));
  breaker_.abandoned();
  EXPECT_TRUE(breaker_.try_pass(now_));
}

TEST_F(Breaker, APauseIsKeptAndIsNoFailure) {
  breaker_.pause(now_ + 7s);
  EXPECT_FALSE(breaker_.try_pass(now_ + 6s));
  EXPECT_TRUE(breaker_.try_pass(now_ + 7s));
  EXPECT_EQ(breaker_.state(now_ + 7s), BreakerState::Closed);
}

}  // namespace
}  // namespace croft
