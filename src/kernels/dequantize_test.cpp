// Goal: every weight format is read bit for bit as it is defined, by every instruction set.
// Method: golden blocks made by an independent reader (tools/make_dequant_vectors.py), compared as
// bits, from unaligned memory; and every binary16 and bfloat16 pattern through the conversions.
#include "kernels/dequantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kernels/half.h"
#include "kernels/kernel_table.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

struct Golden {
  TensorType type;
  std::string file;
};

class DequantizeGolden : public testing::TestWithParam<std::tuple<Golden, Isa>> {};

std::vector<char> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST_P(DequantizeGolden, MatchesBitForBit) {
  const auto& [golden, isa] = GetParam();
  if (!cpu_supports(isa)) GTEST_SKIP() << "this processor lacks " << isa_name(isa);
  const std::vector<char> file =
      read_file(std::string(CROFT_SOURCE_DIR) + "/tests/data/ggml_types/" + golden.file + ".bin");
  ASSERT_GT(file.size(), 12u) << "run tools/make_dequant_vectors.py";
  std::uint32_t header[3];
  std::memcpy(header, file.data(), sizeof(header));
  ASSERT_EQ(header[1], traits(golden.type).block_size);
  ASSERT_EQ(header[2], traits(golden.type).block_bytes);
  const std::size_t count = std::size_t{header[0]} * header[1];
  const std::size_t bytes = std::size_t{header[0]} * header[2];
  ASSERT_EQ(file.size(), 12 + bytes + count * sizeof(float));

  // One byte of offset: model files promise no alignment inside a row.
  std::vector<std::byte> source(bytes + 1);
  std::memcpy(source.data() + 1, file.data() + 12, bytes);
  std::vector<float> expected(count);
  std::memcpy(expected.data(), file.data() + 12 + bytes, count * sizeof(float));
  std::vector<float> actual(count + 1, 42.0f);
  kernel_table(isa).dequantize(golden.type, source.data() + 1, count, actual.data());
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << golden.file << " value " << i << ": " << actual[i] << " is not " << expected[i];
  EXPECT_EQ(actual[count], 42.0f) << "wrote past the end";
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, DequantizeGolden,
    testing::Combine(
        testing::Values(Golden{TensorType::F32, "f32"}, Golden{TensorType::F16, "f16"},
                        Golden{TensorType::BF16, "bf16"}, Golden{TensorType::Q4_0, "q4_0"},
                        Golden{TensorType::Q4_1, "q4_1"}, Golden{TensorType::Q5_0, "q5_0"},
                        Golden{TensorType::Q5_1, "q5_1"}, Golden{TensorType::Q8_0, "q8_0"},
                        Golden{TensorType::Q2_K, "q2_k"}, Golden{TensorType::Q3_K, "q3_k"},
                        Golden{TensorType::Q4_K, "q4_k"}, Golden{TensorType::Q5_K, "q5_k"},
                        Golden{TensorType::Q6_K, "q6_k"}, Golden{TensorType::IQ4_NL, "iq4_nl"},
                        Golden{TensorType::IQ4_XS, "iq4_xs"}),
        testing::ValuesIn(test::all_isas)),
    [](const auto& test) {
      return std::get<0>(test.param).file + "_" + test::label(std::get<1>(test.param));
    });

/// binary16 by its definition, in double arithmetic.
double half_value(std::uint32_t bits) {
  const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>(bits >> 10 & 31u);
  const int mantissa = static_cast<int>(bits & 1023u);
  if (exponent == 31) return mantissa == 0 ? sign * HUGE_VAL : std::nan("");
  return exponent == 0 ? sign * std::ldexp(mantissa, -24)
                       : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, EveryPatternConvertsAndComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(half_value(bits))) {
      EXPECT_TRUE(std::isnan(value) && std::isnan(f16_to_f32(f32_to_f16(value))));
    } else {
      ASSERT_EQ(static_cast<double>(value), half_value(bits)) << bits;
      ASSERT_EQ(f32_to_f16(value), half) << value;
    }
    const float wide = bf16_to_f32(half);
    if (!std::isnan(wide)) {
      ASSERT_EQ(f32_to_bf16(wide), half);
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  for (std::uint32_t bits = 0; bits < 0x7bffu; ++bits) {
    const float low = f16_to_f32(static_cast<std::uint16_t>(bits));
    const float high = f16_to_f32(static_cast<std::uint16_t>(bits + 1));
    const float middle = (low + high) / 2;  // exact: float32 has 13 more bits
    ASSERT_EQ(f32_to_f16(middle), bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), bits) << bits;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 1e9f)), bits + 1) << bits;
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7bffu);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00u);
  EXPECT_EQ(f32_to_f16(1e30f), 0x7c00u);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3f808000u)), 0x3f80u);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3f818000u)), 0x3f82u);
}

}  // namespace
}  // namespace croft
