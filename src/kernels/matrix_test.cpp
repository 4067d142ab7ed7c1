// Goal: matmul is the product it says, and a row's result depends on nothing but that row.
// Method: every type and instruction set against a double-precision product of the reference
// dequantization; bitwise comparison of batches, of thread counts and of the two x86 instruction
// sets. Seeds are fixed.
#include "kernels/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "kernels/dequantize.h"
#include "kernels/kernel_table.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

struct Case {
  TensorType type;
  Isa isa;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const TensorType type : test::all_types)
    for (const Isa isa : test::all_isas) cases.push_back({type, isa});
  return cases;
}

class Matmul : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!cpu_supports(GetParam().isa))
      GTEST_SKIP() << "this processor lacks " << isa_name(GetParam().isa);
  }
  /// Columns a type can have: plain types also the ones that fill no vector.
  static std::vector<std::size_t> column_counts() {
    const std::size_t block = traits(GetParam().type).block_size;
    if (block == 1) return {1, 15, 16, 17, 100, 576};
    return {block, 3 * block, block == 32 ? std::size_t{576} : std::size_t{1024}};
  }
};

/// All tokens of x through the weights at once.
std::vector<float> product(const PackedMatrix& weights, const std::vector<float>& x, Isa isa,
                           std::size_t threads) {
  ThreadPool pool(threads);
  const std::size_t tokens = x.size() / weights.cols();
  std::vector<float> out(tokens * weights.rows(), std::nanf(""));
  matmul(weights, {x.data(), tokens, weights.cols()}, {out.data(), tokens, weights.rows()}, isa,
         pool);
  return out;
}

void expect_same_bits(std::span<const float> a, std::span<const float> b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size_bytes()), 0) << what;
}

TEST_P(Matmul, IsTheProductWithinRounding) {
  const auto [type, isa] = GetParam();
  for (const std::size_t cols : column_counts()) {
    test::Random random(7);
    const PackedMatrix weights = random.matrix(type, 37, cols);
    const std::vector<float> x = random.floats(5 * cols);
    const std::vector<float> out = product(weights, x, isa, 2);
    std::vector<float> row(cols);
    for (std::size_t r = 0; r < weights.rows(); ++r) {
      dequantize_row(weights, r, row);
      for (std::size_t t = 0; t < 5; ++t) {
        double sum = 0.0;
        double magnitude = 0.0;
        for (std::size_t i = 0; i < cols; ++i) {
          const double term = static_cast<double>(row[i]) * static_cast<double>(x[t * cols + i]);
          sum += term;
          magnitude += std::fabs(term);
        }
        // cols/16 + 4 additions follow one another, and without fused operations each product is
        // rounded too: at most that many half steps (2^-24) of the sum of magnitudes.
        const double bound = magnitude * (static_cast<double>(cols) / 16.0 + 6.0) * 0x1p-24;
        ASSERT_NEAR(static_cast<double>(out[t * 37 + r]), sum, bound)
            << "cols " << cols << ", row " << r << ", token " << t;
      }
    }
  }
}

TEST_P(Matmul, DoesNotDependOnBatchOrThreads) {
  const auto [type, isa] = GetParam();
  for (const std::size_t cols : column_counts()) {
    test::Random random(11);
    const PackedMatrix weights = random.matrix(type, 45, cols);
    const std::vector<float> x = random.floats(33 * cols);
    std::vector<float> one_by_one;
    for (std::size_t t = 0; t < 33; ++t) {
      const std::vector<float> token(x.begin() + static_cast<std::ptrdiff_t>(t * cols),
                                     x.begin() + static_cast<std::ptrdiff_t>((t + 1) * cols));
      const std::vector<float> out = product(weights, token, isa, 1 + t % 5);
      one_by_one.insert(one_by_one.end(), out.begin(), out.end());
    }
    for (std::size_t tokens = 1; tokens <= 33; ++tokens) {
      const std::vector<float> batch(x.begin(),
                                     x.begin() + static_cast<std::ptrdiff_t>(tokens * cols));
      expect_same_bits(product(weights, batch, isa, 1 + tokens % 5),
                       std::span(one_by_one).first(tokens * 45),
                       "cols " + std::to_string(cols) + ", tokens " + std::to_string(tokens));
    }
  }
}

TEST_P(Matmul, DequantizesLikeTheReference) {
  const auto [type, isa] = GetParam();
  test::Random random(13);
  const std::size_t cols = traits(type).block_size == 1 ? 1003 : 2048;
  const PackedMatrix weights = random.matrix(type, 1, cols);
  std::vector<float> expected(cols);
  std::vector<float> actual(cols);
  dequantize_reference(type, weights.row_data(0), cols, expected.data());
  kernel_table(isa).dequantize(type, weights.row_data(0), cols, actual.data());
  expect_same_bits(actual, expected, "dequantized row");
}

TEST_P(Matmul, HasTheSameBitsOnEveryX86) {
  const auto [type, isa] = GetParam();
  if (isa == Isa::Portable || isa == Isa::Avx2 || !cpu_supports(Isa::Avx2))
    return;  // avx2 is what the others are compared with
  test::Random random(17);
  const PackedMatrix weights = random.matrix(type, 45, 512);
  const std::vector<float> x = random.floats(std::size_t{7} * 512);
  expect_same_bits(product(weights, x, isa, 2), product(weights, x, Isa::Avx2, 2), "all rows");
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Matmul, testing::ValuesIn(all_cases()), [](const auto& test) {
  return std::string(traits(test.param.type).name) + "_" + test::label(test.param.isa);
});

TEST(PackedMatrix, CutsRowsAndHonoursStrides) {
  test::Random random(19);
  const PackedMatrix whole = random.matrix(TensorType::Q8_0, 48, 64);
  const PackedMatrix part = whole.row_range(16, 20);
  const std::vector<float> x = random.floats(std::size_t{3} * 100);
  std::vector<float> all(std::size_t{3} * 48);
  std::vector<float> cut(std::size_t{3} * 30, 42.0f);
  ThreadPool pool(2);
  matmul(whole, {x.data(), 3, 64, 100}, {all.data(), 3, 48}, best_isa(), pool);
  matmul(part, {x.data(), 3, 64, 100}, {cut.data(), 3, 20, 30}, best_isa(), pool);
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t r = 0; r < 20; ++r) EXPECT_EQ(cut[t * 30 + r], all[t * 48 + 16 + r]);
    for (std::size_t r = 20; r < 30; ++r) EXPECT_EQ(cut[t * 30 + r], 42.0f) << "wrote past a row";
  }
}

TEST(PackedMatrix, KeepsOwnedBytesAlive) {
  PackedMatrix part;
  std::vector<float> before(32);
  {
    test::Random random(23);
    const PackedMatrix whole = random.matrix(TensorType::Q4_0, 4, 32);
    dequantize_row(whole, 3, before);
    part = whole.row_range(2, 2);
  }
  std::vector<float> after(32);
  dequantize_row(part, 1, after);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace croft
