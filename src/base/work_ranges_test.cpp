// Goal: every piece is taken once, by its owner in order, by others from the end. Method: one
// thread by hand, then many.
#include "base/work_ranges.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace croft {
namespace {

TEST(WorkRanges, OneThreadTakesItsRangeInOrderAndThenTheOthersEnds) {
  std::vector<WorkRanges::Range> memory(2);
  WorkRanges ranges(11, memory);
  std::vector<std::pair<std::size_t, std::size_t>> taken;
  while (const auto pieces = ranges.next(1)) taken.emplace_back(pieces->begin, pieces->end);
  EXPECT_EQ(taken, (std::vector<std::pair<std::size_t, std::size_t>>{{5, 7},
                                                                     {7, 8},
                                                                     {8, 9},
                                                                     {9, 10},
                                                                     {10, 11},  // its own
                                                                     {3, 5},
                                                                     {2, 3},
                                                                     {1, 2},
                                                                     {0, 1}}));
  EXPECT_FALSE(ranges.next(0));
}

TEST(WorkRanges, FewerPiecesThanThreads) {
  std::vector<WorkRanges::Range> memory(4);
  WorkRanges ranges(1, memory);
  ASSERT_TRUE(ranges.next(0));
  EXPECT_FALSE(ranges.next(3));
  EXPECT_FALSE(WorkRanges(0, memory).next(0));
}

TEST(WorkRanges, EveryPieceIsTakenOnceWhoeverIsThere) {
  constexpr std::size_t count = 20'000, threads = 4;
  std::vector<WorkRanges::Range> memory(threads);
  WorkRanges ranges(count, memory);
  std::vector<std::atomic<int>> taken(count);
  {
    std::vector<std::jthread> running;
    for (std::size_t t = 1; t < threads; ++t)  // thread 0 never comes
      running.emplace_back([&, t] {
        while (const auto pieces = ranges.next(t))
          for (std::size_t p = pieces->begin; p < pieces->end; ++p) taken[p].fetch_add(1);
      });
  }
  for (const auto& times : taken) EXPECT_EQ(times.load(), 1);
}

}  // namespace
}  // namespace croft
