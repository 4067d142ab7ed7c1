// Goal:   products by matrix tiles: the INT8 form has the bits that all kernels have, the BF16 form
//         keeps its bound, and neither lets rows influence one another.
// Method: every packed type and awkward numbers of rows and strips against the portable kernel and
//         double-precision sums. "Emulated" tests run the kernels over a model of the tile
//         instructions (emulated_tiles.h) with portable lanes and with AVX-512; "Native" tests run
//         the instructions themselves and are skipped where the processor lacks them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "kernels/amx/bf16_products.h"
#include "kernels/amx/emulated_avx512.h"
#include "kernels/amx/emulated_tiles.h"
#include "kernels/amx/exact_products.h"
#include "kernels/amx/portable_bf16.h"
#include "kernels/amx/tile_kernels.h"
#include "kernels/dequantize.h"
#include "kernels/simd/lanes_portable.h"
#include "kernels/test_strips.h"

namespace croft {
namespace {

using test::make_strips;
using test::Strips;

using PortableExact = ExactTileProducts<PortableLanes, EmulatedTiles>;
using PortableRounded = Bf16TileProducts<PortableLanes, PortableBf16, EmulatedTiles>;
constexpr TileKernels portable_kernels = {PortableExact::multiply, PortableRounded::multiply,
                                          PortableRounded::convert};

enum class Way { EmulatedPortable, EmulatedAvx512, Native };

const TileKernels* kernels_of(Way way) {
  if (way == Way::EmulatedPortable) return &portable_kernels;
  return way == Way::EmulatedAvx512 ? emulated_avx512_kernels() : amx_tile_kernels();
}

struct Case {
  Way way;
  TensorType type;
};

std::vector<Case> cases(std::initializer_list<Way> ways) {
  std::vector<Case> out;
  for (const Way way : ways)
    for (const TensorType type : test::all_types)
      if (packed_format(type) != nullptr) out.push_back({way, type});
  return out;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  const char* way = info.param.way == Way::EmulatedPortable ? "Portable_"
                    : info.param.way == Way::EmulatedAvx512 ? "Avx512_"
                                                            : "";
  return way + std::string(traits(info.param.type).name);
}

/// Inputs with blocks of unlike scales and a row that begins with zeros.
std::vector<float> make_inputs(std::size_t rows, std::size_t cols) {
  test::Random random(8);
  std::vector<float> x = random.floats(rows * cols);
  for (std::size_t i = 0; i < x.size(); i += 67) x[i] *= 300.0f;
  std::fill_n(x.begin(), 64, 0.0f);
  return x;
}

constexpr float untouched = 12345.0f;
constexpr std::size_t gap = 5;  ///< floats between rows of outputs that nobody may write

/// Runs a kernel and returns its outputs without the gaps.
template <typename Multiply>
std::vector<float> outputs(std::size_t tokens, std::size_t rows, Multiply multiply) {
  std::vector<float> out((tokens + 1) * (rows + gap), untouched), dense;
  multiply(out.data(), rows + gap);
  for (std::size_t t = 0; t <= tokens; ++t) {
    const auto row = out.begin() + static_cast<std::ptrdiff_t>(t * (rows + gap));
    const std::size_t written = t < tokens ? rows : 0;
    dense.insert(dense.end(), row, row + static_cast<std::ptrdiff_t>(written));
    for (std::size_t i = written; i < rows + gap; ++i)
      EXPECT_EQ(row[static_cast<std::ptrdiff_t>(i)], untouched) << "row " << t << ", " << i;
  }
  return dense;
}

/// By the INT8 form, or row by row by the portable kernel.
std::vector<float> exact_product(const TileKernels* kernels, const Strips& strips,
                                 std::span<const float> x, std::size_t tokens) {
  const std::size_t cols = strips.file.cols(), blocks = cols / quantized_block;
  std::vector<std::byte> records(tokens * blocks * 64);
  RowFit fit;
  for (std::size_t t = 0; t < tokens; ++t)
    quantize_group_reference({x.data() + t * cols, 1, cols}, cols, 1,
                             records.data() + t * blocks * 64, &fit);
  return outputs(tokens, strips.file.rows(), [&](float* out, std::size_t stride) {
    if (kernels != nullptr)
      return kernels->multiply(strips.rows, {records.data(), tokens, 1, blocks}, out, stride);
    for (std::size_t t = 0; t < tokens; ++t)
      portable_table().multiply_packed(
          strips.rows, {records.data() + t * blocks * 64, 1, 1, blocks}, out + t * stride, stride);
  });
}

std::vector<float> bf16_product(const TileKernels& kernels, const Strips& strips,
                                std::span<const float> x, std::size_t tokens) {
  const std::size_t cols = strips.file.cols(), blocks = cols / 32;
  std::vector<std::byte> rounded(tokens * Bf16Rows::stride_of(blocks));
  kernels.convert_bf16({x.data(), tokens, cols}, cols, rounded.data());
  return outputs(tokens, strips.file.rows(), [&](float* out, std::size_t stride) {
    kernels.multiply_bf16(strips.rows, {rounded.data(), tokens, blocks}, out, stride);
  });
}

class TileProduct : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    kernels = kernels_of(GetParam().way);
    if (kernels == nullptr)
      GTEST_SKIP() << (GetParam().way == Way::Native ? "this processor lacks matrix tiles"
                                                     : "this processor lacks AVX-512 BF16");
  }
  const TileKernels* kernels = nullptr;
};

TEST_P(TileProduct, Int8FormHasTheBitsOfThePortableKernel) {
  for (const std::size_t cols : {std::size_t{256}, std::size_t{5 * 256}})
    for (const std::size_t strips : std::initializer_list<std::size_t>{1, 3, 5}) {
      const Strips weights = make_strips(GetParam().type, strips, cols, 7);
      const std::vector<float> x = make_inputs(33, cols);
      const std::vector<float> expected = exact_product(nullptr, weights, x, 33);
      for (const std::size_t tokens : std::initializer_list<std::size_t>{1, 15, 16, 17, 33}) {
        const std::vector<float> out = exact_product(kernels, weights, x, tokens);
        ASSERT_EQ(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)), 0)
            << "cols " << cols << ", strips " << strips << ", tokens " << tokens;
      }
    }
}

TEST_P(TileProduct, Bf16FormKeepsItsBoundAndRowsApart) {
  for (const std::size_t cols : {std::size_t{256}, std::size_t{5 * 256}}) {
    const Strips weights = make_strips(GetParam().type, 3, cols, 7);
    const std::size_t rows = weights.file.rows();
    constexpr std::size_t tokens = 35;
    const std::vector<float> x = make_inputs(tokens, cols);
    const std::vector<float> out = bf16_product(*kernels, weights, x, tokens);
    std::vector<float> row(cols);
    for (std::size_t r = 0; r < rows; ++r) {
      dequantize_row(weights.file, r, row);
      for (std::size_t t = 0; t < tokens; ++t) {
        double sum = 0.0, magnitude = 0.0, inputs = 0.0;
        for (std::size_t i = 0; i < cols; ++i) {
          const double term = static_cast<double>(row[i]) * static_cast<double>(x[t * cols + i]);
          sum += term;
          magnitude += std::fabs(term);
          inputs += std::fabs(static_cast<double>(x[t * cols + i]));
        }
        // Two roundings of 2^-8 and their product; cols / 2 additions of 2^-24; the reference
        // rounds scale * quant (at most 0.1 * 63 * 31) before it adds the minimum.
        const double bound = magnitude * (0x1p-7 + 0x1p-16 + static_cast<double>(cols) * 0x1p-24);
        ASSERT_NEAR(static_cast<double>(out[t * rows + r]), sum, bound + inputs * 200.0 * 0x1p-23)
            << "row " << r << ", token " << t;
      }
    }
    for (const std::size_t batch : std::initializer_list<std::size_t>{1, 16, 17, 32}) {
      const std::size_t first = tokens - batch;
      const auto part = bf16_product(*kernels, weights, std::span(x).subspan(first * cols), batch);
      ASSERT_EQ(std::memcmp(part.data(), out.data() + first * rows, part.size() * sizeof(float)), 0)
          << "the last " << batch << " rows alone";
    }
  }
}

TEST_P(TileProduct, ShowsWhatIsNoNumberInItsRowOnly) {
  constexpr std::size_t cols = 256, tokens = 18;
  const Strips weights = make_strips(GetParam().type, 1, cols, 7);
  std::vector<float> x = make_inputs(tokens, cols);
  x[3 * cols + 70] = std::numeric_limits<float>::quiet_NaN();
  x[17 * cols + 1] = std::numeric_limits<float>::quiet_NaN();
  for (const auto& out :
       {exact_product(kernels, weights, x, tokens), bf16_product(*kernels, weights, x, tokens)})
    for (std::size_t i = 0; i < out.size(); ++i)
      ASSERT_EQ(std::isnan(out[i]), i / 16 == 3 || i / 16 == 17) << "row " << i / 16;
}

INSTANTIATE_TEST_SUITE_P(Emulated, TileProduct,
                         testing::ValuesIn(cases({Way::EmulatedPortable, Way::EmulatedAvx512})),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Native, TileProduct, testing::ValuesIn(cases({Way::Native})), case_name);

TEST(Bf16Rounding, IsTheSameEverywhere) {
  std::vector<float> x(64, 1.0f);
  constexpr std::uint32_t bits[] = {0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000,
                                    0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff,
                                    0x7f800000, 0xff800000, 0x7f800001, 0x7fffffff, 0xffc00000,
                                    0xff8fffff, 0x7f7f7fff, 0x7f7f8000};
  std::memcpy(x.data() + 20, bits, sizeof(bits));
  constexpr std::uint16_t rounded[] = {0x0000, 0x8000, 0x0000, 0x8000, 0x0080, 0x3f80,
                                       0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x7f80, 0xff80,
                                       0x7fc0, 0x7fff, 0xffc0, 0xffcf, 0x7f7f, 0x7f80};
  int ways = 0;
  for (const Way way : {Way::EmulatedPortable, Way::EmulatedAvx512, Way::Native}) {
    const TileKernels* kernels = kernels_of(way);
    if (kernels == nullptr) continue;
    ++ways;
    std::vector<std::byte> out(Bf16Rows::stride_of(2));
    kernels->convert_bf16({x.data(), 1, 64}, 64, out.data());
    for (std::size_t i = 0; i < std::size(rounded); ++i) {
      std::uint16_t value = 0;
      std::memcpy(&value, out.data() + 2 * (20 + i), sizeof(value));
      EXPECT_EQ(value, rounded[i]) << std::hex << bits[i] << ", way " << static_cast<int>(way);
    }
  }
  RecordProperty("ways", ways);
}

}  // namespace
}  // namespace croft
