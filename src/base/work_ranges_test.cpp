#include "base/work_ranges.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace croft {
namespace {

TEST(WorkRanges, OneThreadTakesItsRangeInOrderAndThenTheOthersEnds) {
  std::vector<WorkRanges::Range> memory(2);
  WorkRanges ranges(7, memory);
  std::vector<std::size_t> taken;
  while (const auto piece = ranges.next(1)) taken.push_back(*piece);
  EXPECT_EQ(taken, (std::vector<std::size_t>{3, 4, 5, 6, 2, 1, 0}));
  EXPECT_FALSE(ranges.next(0));
}

TEST(WorkRanges, FewerPiecesThanThreads) {
  std::vector<WorkRanges::Range> memory(4);
  WorkRanges ranges(1, memory);
  EXPECT_EQ(ranges.next(0), 0u);
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
        while (const auto piece = ranges.next(t)) taken[*piece].fetch_add(1);
      });
  }
  for (const auto& times : taken) EXPECT_EQ(times.load(), 1);
}

}  // namespace
}  // namespace croft
