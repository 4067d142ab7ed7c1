// Goal: attention's integer scores are the same bits on every instruction set, close to the exact
// product, and defined for every query. Method: the portable reference against each set over random
// and extreme blocks at every count of keys, queries and blocks that a kernel treats apart; the
// reference against a 64-bit model; the names say which sets this processor ran. Seeds are fixed.
#include "kernels/q8_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/tensor_type.h"
#include "kernels/dequantize.h"
#include "kernels/kernel_table.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

constexpr std::size_t out_stride = 64;

/// How keys are made: their quants, and the scale of every third block.
struct Keys {
  const char* name;
  int low;
  int high;
  float third_scale;
};
constexpr Keys key_kinds[] = {
    {"random", -127, 127, 0.02f},           {"all_minus_127", -127, -127, 0.02f},
    {"all_127", 127, 127, 0.02f},           {"lowest_byte", -128, -128, 0.02f},
    {"zero_scales", -127, 127, 0.0f},       {"subnormal_scales", -127, 127, 0x1p-24f},
    {"largest_scales", -127, 127, 65504.0f}};

/// Keys of exactly the bytes that the kernel may read: the address sanitizer sees the next one.
struct KeyBytes {
  KeyBytes(const Keys& kind, std::size_t rows, std::size_t blocks, std::size_t gap,
           test::Random& random)
      : row_bytes(blocks * q8_block_bytes + gap), bytes(rows * row_bytes - gap) {
    std::size_t count = 0;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t b = 0; b < blocks; ++b, ++count) {
        std::byte* block = bytes.data() + r * row_bytes + b * q8_block_bytes;
        const float scale = count % 3 == 0 ? kind.third_scale : random.uniform(-0.1f, 0.1f);
        const std::uint16_t half = f32_to_f16(scale);
        std::memcpy(block, &half, sizeof(half));
        const auto width = static_cast<float>(kind.high - kind.low + 1);
        for (std::size_t i = 0; i < q8_block_values; ++i)
          block[2 + i] = static_cast<std::byte>(
              kind.low + static_cast<int>(random.uniform(0.0f, 0.999f) * width));
      }
  }
  std::size_t row_bytes;
  std::vector<std::byte> bytes;
};

struct Queries {
  Queries(std::vector<float> from, std::size_t count, std::size_t blocks)
      : values(std::move(from)), quants(values.size()), scales(count * blocks) {
    const std::size_t size = blocks * q8_block_values;
    for (std::size_t q = 0; q < count; ++q)
      quantize_query({values.data() + q * size, size}, quants.data() + q * size,
                     scales.data() + q * blocks);
    view = {quants.data(), scales.data(), count, blocks};
  }
  std::vector<float> values;
  std::vector<std::int16_t> quants;
  std::vector<float> scales;
  QuantizedQueries view;
};

class Q8ScoresSet : public testing::TestWithParam<std::tuple<Keys, Isa>> {
 protected:
  void SetUp() override {
    const Isa isa = std::get<1>(GetParam());
    if (!cpu_supports(isa)) GTEST_SKIP() << "this processor lacks " << isa_name(isa);
  }
};

TEST_P(Q8ScoresSet, HasTheBitsOfTheReference) {
  const auto& [kind, isa] = GetParam();
  test::Random random(41);
  for (const std::size_t blocks : {1u, 2u, 3u, 8u})
    for (const std::size_t rows : {1u, 7u, 8u, 9u, 15u, 16u, 17u, 33u, 64u})
      for (const std::size_t count : {1u, 2u, 3u, 4u, 5u, 7u, 12u}) {
        const KeyBytes keys(kind, rows, blocks, count % 2 * 68, random);
        std::vector<float> values = random.floats(count * blocks * q8_block_values, -3.0f, 3.0f);
        // A whole block at either end of the range, and one of nothing.
        std::fill_n(values.begin(), q8_block_values, count % 2 == 0 ? 2.5f : -2.5f);
        if (count > 2) std::fill_n(values.end() - q8_block_values, q8_block_values, 0.0f);
        const Queries queries(values, count, blocks);
        const Q8Rows view{keys.bytes.data(), rows, keys.row_bytes};
        std::vector<float> expected(count * out_stride, 0.0f);
        std::vector<float> out(count * out_stride, std::nanf(""));
        score_q8_reference(view, queries.view, expected.data(), out_stride);
        kernel_table(isa).score_q8(view, queries.view, out.data(), out_stride);
        for (std::size_t q = 0; q < count; ++q)
          ASSERT_EQ(std::memcmp(out.data() + q * out_stride, expected.data() + q * out_stride,
                                rows * sizeof(float)),
                    0)
              << blocks << " blocks, " << rows << " keys, query " << q << " of " << count;
      }
}

INSTANTIATE_TEST_SUITE_P(AllSets, Q8ScoresSet,
                         testing::Combine(testing::ValuesIn(key_kinds),
                                          testing::ValuesIn(test::all_isas)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  test::label(std::get<1>(test.param));
                         });

TEST(Q8Scores, ReferenceLiesWithinHalfAStepOfTheQuery) {
  constexpr std::size_t blocks = 8, rows = 40, size = blocks * q8_block_values;
  test::Random random(42);
  const KeyBytes keys(key_kinds[0], rows, blocks, 0, random);
  const Queries queries(random.floats(size, -5.0f, 5.0f), 1, blocks);
  std::vector<float> out(out_stride);
  score_q8_reference({keys.bytes.data(), rows, keys.row_bytes}, queries.view, out.data(),
                     out_stride);
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<float> key(size);
    dequantize_reference(TensorType::Q8_0, keys.bytes.data() + r * keys.row_bytes, size,
                         key.data());
    double expected = 0.0, bound = 0.0;
    for (std::size_t i = 0; i < size; ++i) {
      const double k = static_cast<double>(key[i]);
      expected += static_cast<double>(queries.values[i]) * k;
      // Half a step, and 16 roundings of the float sum of the blocks, each below a step / 256.
      bound += static_cast<double>(queries.scales[i / q8_block_values]) * 0.57 * std::fabs(k);
    }
    EXPECT_NEAR(static_cast<double>(out[r]), expected, bound) << "key " << r;
  }
}

TEST(Q8Scores, QueriesThatAreNoNumbersStayVisible) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float odd : {std::nanf(""), infinity, -infinity}) {
    std::vector<float> head(64, 1.0f);
    head[40] = odd;
    std::int16_t quants[64];
    float scales[2];
    quantize_query(head, quants, scales);
    EXPECT_EQ(scales[0], 1.0f / 32767.0f);
    EXPECT_TRUE(std::isnan(scales[1]));
    for (std::size_t i = 32; i < 64; ++i) EXPECT_EQ(quants[i], 0);
  }
}

TEST(Q8Scores, QuantsCoverTheRangeInPairOrder) {
  for (const float peak : {0x1p-100f, 1e-20f, 1.0f, 3.0f, std::numeric_limits<float>::max()}) {
    std::vector<float> head(32, 0.0f);
    head[0] = -peak;
    head[1] = peak;
    head[31] = peak / 2;
    std::int16_t quants[32];
    float scale = 0.0f;
    quantize_query(head, quants, &scale);
    EXPECT_EQ(quants[0], -32767) << peak;
    EXPECT_EQ(quants[2], 32767) << peak;
    EXPECT_NEAR(quants[31], 16384, 1) << peak;
  }
  std::vector<float> tiny(32, 0x1p-101f);
  std::int16_t quants[32];
  float scale = 1.0f;
  quantize_query(tiny, quants, &scale);
  EXPECT_EQ(scale, 0.0f);
  for (const std::int16_t quant : quants) EXPECT_EQ(quant, 0);
}

}  // namespace
}  // namespace croft
