// Goal:   the share of the limit is computed as docs and help say: the slower of arithmetic and
//         memory bounds a test.
// Method: round numbers, worked out by hand.
#include "cli/bench_limits.h"

#include <gtest/gtest.h>

namespace croft::cli {
namespace {

TEST(BenchLimits, TheSlowerOfTheTwoIsTheLimit) {
  constexpr Speeds speeds = {.gops = 1000, .gbs = 10};
  struct Case {
    const char* what;
    Work work;
    double seconds;
    std::string_view name;
    double fraction;
  };
  const Case cases[] = {
      {"prompt: 1 s of arithmetic, 0.1 s of reading",
       {.operations = 1e12, .bytes = 1e9},
       2.0,
       "arithmetic",
       0.5},
      {"generation: 0.01 s of arithmetic, 0.8 s of reading",
       {.operations = 1e10, .bytes = 8e9, .steps = 10},
       1.0,
       "bandwidth",
       0.8},
      {"both the same", {.operations = 1e12, .bytes = 1e10}, 1.0, "bandwidth", 1.0},
  };
  for (const Case& tested : cases) {
    const Limit limit = limit_of(tested.work, speeds, tested.seconds);
    EXPECT_EQ(limit.name, tested.name) << tested.what;
    EXPECT_DOUBLE_EQ(limit.fraction, tested.fraction) << tested.what;
  }
}

}  // namespace
}  // namespace croft::cli
