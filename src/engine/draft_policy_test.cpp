// Goal: as many guesses as pay for themselves, none where none do, and another try later. Method:
// outcomes by hand.
#include "engine/draft_policy.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

TEST(DraftPolicy, CheapAndOftenRightMeansMoreGuesses) {
  DraftPolicy right;
  for (int i = 0; i < 30; ++i) right.learn(4, 4);
  EXPECT_GT(right.acceptance(), 0.95);
  EXPECT_EQ(right.wanted(0.05, 7), 7u);
  EXPECT_EQ(right.wanted(1.5, 7), 0u) << "slower than the model itself";
  EXPECT_EQ(right.wanted(0.05, 3), 3u);
  DraftPolicy mixed;
  for (int i = 0; i < 40; ++i) mixed.learn(2, i % 2 == 0 ? 2 : 0);
  EXPECT_GT(mixed.wanted(0.1, 7), 0u);
  EXPECT_LT(mixed.wanted(0.1, 7), right.wanted(0.1, 7));
  EXPECT_LT(mixed.wanted(0.4, 7), mixed.wanted(0.1, 7));
}

TEST(DraftPolicy, WhoIsWrongPausesAndTriesAgain) {
  DraftPolicy policy;
  int tries = 0;
  while (policy.wanted(0.1, 7) != 0 && tries < 100) {
    policy.learn(3, 0);
    ++tries;
  }
  EXPECT_LT(tries, 20);
  int pause = 0;
  while (policy.wanted(0.1, 7) == 0 && pause < 1000) {
    policy.learn(0, 0);
    ++pause;
  }
  EXPECT_EQ(pause, 32);
}

}  // namespace
}  // namespace croft
