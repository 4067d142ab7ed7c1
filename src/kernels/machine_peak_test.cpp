// Goal:   the probes behind `croft bench` measure something, with every instruction set this
//         processor has.
// Method: short probes on two threads; numbers must be positive and below what no processor of
//         today reaches. How good they are is for the bench to show: a test on a busy machine
//         cannot know.
#include "kernels/machine_peak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/peak/probes.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

constexpr ProbeOptions brief = {.repeats = 1, .seconds_each = 0.002};

class MachinePeak : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!cpu_supports(GetParam())) GTEST_SKIP() << "this processor lacks " << isa_name(GetParam());
  }
  ThreadPool pool{2};
};

TEST_P(MachinePeak, ArithmeticIsPositiveAndFastestFirst) {
  const auto peaks = measure_arithmetic(GetParam(), pool, brief);
  ASSERT_FALSE(peaks.empty());
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    EXPECT_GT(peaks[i].gops, 0.01) << arithmetic_kind_name(peaks[i].kind);
    EXPECT_LT(peaks[i].gops, 1e5) << arithmetic_kind_name(peaks[i].kind);
    if (i > 0) {
      EXPECT_LE(peaks[i].gops, peaks[i - 1].gops);
    }
  }
}

TEST_P(MachinePeak, BandwidthIsPositive) {
  // One chunk, a few, and a size that is no whole number of chunks.
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{4} << 20, (std::size_t{5} << 20) + 7}) {
    const Result<double> rate = measure_read_bandwidth(bytes, GetParam(), pool, brief);
    ASSERT_TRUE(rate) << rate.error().message;
    EXPECT_GT(*rate, 0.01) << bytes;
    EXPECT_LT(*rate, 1e5) << bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, MachinePeak, testing::ValuesIn(test::all_isas),
                         [](const auto& tested) { return test::label(tested.param); });

TEST(MachinePeakTiles, AreMeasuredWithTheBestSetOnly) {
  if (!has_matrix_tiles()) GTEST_SKIP() << "matrix tiles: not on this processor";
  ThreadPool pool(1);
  const auto kinds = [&](Isa isa) {
    std::vector<ArithmeticKind> out;
    for (const ArithmeticPeak& peak : measure_arithmetic(isa, pool, brief))
      out.push_back(peak.kind);
    return out;
  };
  EXPECT_THAT(kinds(best_isa()), testing::Contains(ArithmeticKind::Int8Tiles));
  EXPECT_THAT(kinds(Isa::Avx2), testing::Not(testing::Contains(ArithmeticKind::Int8Tiles)));
}

TEST(MachinePeakBuffer, IsLargerThanTheLastCache) {
  EXPECT_GE(uncached_buffer_bytes(), std::size_t{256} << 20);
  EXPECT_LE(uncached_buffer_bytes(), std::size_t{1} << 30);
}

TEST(MachinePeakBandwidth, RefusesABufferThatNoMachineHas) {
  ThreadPool pool(1);
  const Result<double> rate =
      measure_read_bandwidth(std::size_t{1} << 60, Isa::Portable, pool, brief);
  ASSERT_FALSE(rate);
  EXPECT_EQ(rate.error().code, ErrorCode::TooLarge);
}

}  // namespace
}  // namespace croft
