// Goal: products with packed weights are what their definition says, to the bit, on every
// instruction set, in every batch; packing loses nothing.
// Method: random blocks of every type; a plain loop over the dequantized integers is the
// definition; double-precision products bound the error.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "kernels/dequantize.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/test_strips.h"

namespace croft {
namespace {

using test::make_strips;
using test::Strips;

std::vector<TensorType> packed_types() {
  std::vector<TensorType> types;
  for (const TensorType type : test::all_types)
    if (packed_format(type) != nullptr) types.push_back(type);
  return types;
}

std::vector<float> product(const Strips& strips, std::span<const float> x, std::size_t tokens,
                           Isa isa) {
  const KernelTable& kernels = kernel_table(isa);
  const std::size_t cols = strips.file.cols();
  const std::size_t group = kernels.group_of(tokens);
  const std::size_t blocks = cols / quantized_block;
  const std::size_t groups = (tokens + group - 1) / group;
  std::vector<std::byte> records(groups * group * blocks * 64);
  std::vector<RowFit> fits(group);
  for (std::size_t g = 0; g < groups; ++g)
    kernels.quantize_group({x.data() + g * group * cols, std::min(group, tokens - g * group), cols},
                           cols, group, records.data() + g * group * blocks * 64, fits.data());
  std::vector<float> out(tokens * strips.file.rows(), std::nanf(""));
  kernels.multiply_packed(strips.rows, {records.data(), tokens, group, blocks}, out.data(),
                          strips.file.rows());
  return out;
}

class PackedProduct : public testing::TestWithParam<TensorType> {};

TEST_P(PackedProduct, PackingIsUndoneRowByRow) {
  const Strips strips = make_strips(GetParam(), 2, 512, 3);
  std::vector<std::byte> row(strips.file.bytes_per_row());
  for (std::size_t r = 0; r < 32; ++r) {
    unpack_row(
        GetParam(), 512,
        std::span(strips.packed).subspan(r / 16 * strips.rows.strip_bytes, strips.rows.strip_bytes),
        r % 16, row);
    ASSERT_EQ(std::memcmp(row.data(), strips.file.row_data(r), row.size()), 0) << "row " << r;
  }
}

TEST_P(PackedProduct, IsNearTheExactProduct) {
  constexpr std::size_t cols = 512, tokens = 3;
  const Strips strips = make_strips(GetParam(), 2, cols, 5);
  test::Random random(6);
  const std::vector<float> x = random.floats(tokens * cols);
  const std::vector<float> out = product(strips, x, tokens, Isa::Portable);
  std::vector<float> row(cols);
  for (std::size_t r = 0; r < strips.file.rows(); ++r) {
    dequantize_row(strips.file, r, row);
    for (std::size_t t = 0; t < tokens; ++t) {
      double sum = 0.0, magnitude = 0.0;
      for (std::size_t i = 0; i < cols; ++i) {
        sum += static_cast<double>(row[i]) * static_cast<double>(x[t * cols + i]);
        magnitude += std::fabs(static_cast<double>(row[i]));
      }
      // Inputs lie in [-1, 1]: each is off by at most half of 1/127.
      ASSERT_NEAR(static_cast<double>(out[t * strips.file.rows() + r]), sum, magnitude * 0.0041)
          << "row " << r << ", token " << t;
    }
  }
}

TEST_P(PackedProduct, HasTheSameBitsOnEveryInstructionSetAndInEveryBatch) {
  for (const std::size_t cols : {std::size_t{256}, std::size_t{768}, std::size_t{5 * 256}}) {
    const Strips strips = make_strips(GetParam(), 5, cols, 7);
    const std::size_t rows = strips.file.rows();
    test::Random random(8);
    std::vector<float> x = random.floats(37 * cols);
    for (std::size_t i = 0; i < x.size(); i += 67) x[i] *= 300.0f;  // blocks of unlike scales
    std::fill_n(x.begin(), 64, 0.0f);
    std::vector<float> expected;
    for (std::size_t t = 0; t < 37; ++t) {
      const auto out = product(strips, std::span(x).subspan(t * cols, cols), 1, Isa::Portable);
      expected.insert(expected.end(), out.begin(), out.end());
    }
    for (const Isa isa : test::all_isas) {
      if (!cpu_supports(isa)) continue;
      for (const std::size_t tokens :
           std::initializer_list<std::size_t>{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 23, 37}) {
        const auto out = product(strips, std::span(x).first(tokens * cols), tokens, isa);
        ASSERT_EQ(std::memcmp(out.data(), expected.data(), tokens * rows * sizeof(float)), 0)
            << isa_name(isa) << ", cols " << cols << ", tokens " << tokens;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, PackedProduct, testing::ValuesIn(packed_types()),
                         [](const auto& test) { return std::string(traits(test.param).name); });

TEST(QuantizedRows, HaveTheSameBitsOnEveryInstructionSet) {
  constexpr std::size_t cols = 8 * quantized_block;
  test::Random random(9);
  std::vector<float> x = random.floats(5 * cols, -3.0f, 3.0f);
  for (std::size_t i = 0; i < 32; ++i) {
    x[i] = 0.0f;
    x[32 + i] = i == 3 ? -1e-42f : 0.0f;  // 127 / largest overflows
    x[64 + i] = static_cast<float>(i) - 16.0f;
    x[96 + i] = i == 0 ? 127.0f : static_cast<float>(i) + 0.5f;  // ties
  }
  x[4 * 32 + 1] = std::numeric_limits<float>::infinity();
  x[5 * 32 + 7] = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t group : std::initializer_list<std::size_t>{1, 4, 8, 16}) {
    const std::size_t rows = std::min<std::size_t>(group, 5);
    std::vector<std::byte> expected(64 * group * 8), actual(64 * group * 8);
    RowFit expected_fits[16], fits[16];
    quantize_group_reference({x.data(), rows, cols}, cols, group, expected.data(), expected_fits);
    for (const Isa isa : test::all_isas) {
      if (!cpu_supports(isa)) continue;
      kernel_table(isa).quantize_group({x.data(), rows, cols}, cols, group, actual.data(), fits);
      ASSERT_EQ(std::memcmp(actual.data(), expected.data(), actual.size()), 0)
          << isa_name(isa) << ", group " << group;
      ASSERT_EQ(std::memcmp(fits + 1, expected_fits + 1, (rows - 1) * sizeof(RowFit)), 0);
    }
    const QuantizedRecord layout{group};
    float scale = 0.0f;
    for (const std::size_t block : std::initializer_list<std::size_t>{4, 5}) {
      std::memcpy(&scale, expected.data() + block * layout.bytes() + layout.scale(), 4);
      EXPECT_TRUE(std::isnan(scale)) << "an input that is no number must be seen";
    }
  }
}

}  // namespace
}  // namespace croft
