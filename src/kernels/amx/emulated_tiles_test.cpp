// Goal:   the model of the tile instructions does what Intel's SDM says, so that the emulated tests
//         of the kernels mean something.
// Method: small products against plain sums and by hand; what faults ends the program.
#include "kernels/amx/emulated_tiles.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/check.h"

namespace croft {
namespace {

struct State {
  bool configured = false;
  TileShapes shapes;
  std::byte data[8][tile_bytes];
};
thread_local State state;

std::byte* tile_row(int tile, std::size_t row) {
  return state.data[tile] + row * tile_row_bytes_max;
}
const TileShape& shape(int tile) {
  CHECK(state.configured && tile >= 0 && tile < 8);
  const TileShape& own = state.shapes[static_cast<std::size_t>(tile)];
  CHECK(own.rows != 0);
  return own;
}
template <typename Value>
Value element(int tile, std::size_t row, std::size_t i) {
  Value value;
  std::memcpy(&value, tile_row(tile, row) + i * sizeof(Value), sizeof(Value));
  return value;
}
template <typename Value>
void set_element(int tile, std::size_t row, std::size_t i, Value value) {
  std::memcpy(tile_row(tile, row) + i * sizeof(Value), &value, sizeof(Value));
}

/// The faults of a dot product: registers whose shapes do not fit.
void check_shapes(int c, int a, int b) {
  CHECK(shape(c).row_bytes % 4 == 0 && shape(a).row_bytes % 4 == 0 && shape(b).row_bytes % 4 == 0);
  CHECK(shape(c).rows == shape(a).rows && shape(c).row_bytes == shape(b).row_bytes);
  CHECK(shape(a).row_bytes / 4 == shape(b).rows);
}

/// Denormals are 0 wherever they come up.
float flushed(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value;
}
float bf16_element(int tile, std::size_t row, std::size_t i) {
  const std::uint32_t bits = std::uint32_t{element<std::uint16_t>(tile, row, i)} << 16;
  return flushed(std::bit_cast<float>(bits));
}

}  // namespace

void EmulatedTiles::configure(const TileShapes& shapes) {
  for (const TileShape& own : shapes) {
    CHECK(own.rows <= tile_rows_max && own.row_bytes <= tile_row_bytes_max);
    CHECK((own.rows == 0) == (own.row_bytes == 0));
  }
  state = {};
  state.configured = true;
  state.shapes = shapes;
}

void EmulatedTiles::release() {
  state = {};
}

void EmulatedTiles::zero_tile(int tile) {
  CHECK(shape(tile).rows != 0);
  std::memset(state.data[tile], 0, tile_bytes);
}

void EmulatedTiles::load_tile(int tile, const std::byte* from, std::size_t stride) {
  const TileShape own = shape(tile);
  zero_tile(tile);
  for (std::size_t row = 0; row < own.rows; ++row)
    std::memcpy(tile_row(tile, row), from + row * stride, own.row_bytes);
}

void EmulatedTiles::store_tile(int tile, std::byte* to, std::size_t stride) {
  const TileShape own = shape(tile);
  for (std::size_t row = 0; row < own.rows; ++row)
    std::memcpy(to + row * stride, tile_row(tile, row), own.row_bytes);
}

void EmulatedTiles::dot_int8_tiles(int c, int a, int b) {
  check_shapes(c, a, b);
  for (std::size_t m = 0; m < shape(c).rows; ++m)
    for (std::size_t n = 0; n < shape(c).row_bytes / 4u; ++n) {
      auto sum = element<std::uint32_t>(c, m, n);  // wraps around, as the instruction does
      for (std::size_t k = 0; k < shape(b).rows; ++k)
        for (std::size_t i = 0; i < 4; ++i)
          sum += static_cast<std::uint32_t>(element<std::int8_t>(a, m, 4 * k + i) *
                                            element<std::int8_t>(b, k, 4 * n + i));
      set_element(c, m, n, sum);
    }
}

void EmulatedTiles::dot_bf16_tiles(int c, int a, int b) {
  check_shapes(c, a, b);
  for (std::size_t m = 0; m < shape(c).rows; ++m)
    for (std::size_t n = 0; n < shape(c).row_bytes / 4u; ++n) {
      // Even and odd inputs have sums of their own, each step fused and rounded to nearest even.
      float sums[2] = {};
      for (std::size_t k = 0; k < shape(b).rows; ++k)
        for (std::size_t i = 0; i < 2; ++i)
          sums[i] = flushed(
              std::fma(bf16_element(a, m, 2 * k + i), bf16_element(b, k, 2 * n + i), sums[i]));
      const float both = flushed(sums[0] + sums[1]);
      set_element(c, m, n, flushed(flushed(element<float>(c, m, n)) + both));
    }
}

namespace {

std::uint16_t bf16(float value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}

/// One row of A and one column of B, as the only row and column of their tiles.
float bf16_dot(const std::vector<float>& a, const std::vector<float>& b, float c) {
  std::vector<std::uint16_t> row, column;
  for (const float value : a) row.push_back(bf16(value));
  for (const float value : b) column.push_back(bf16(value));
  const auto pairs = static_cast<std::uint8_t>(a.size() / 2);
  EmulatedTiles::configure(
      {TileShape{1, 4}, TileShape{1, static_cast<std::uint8_t>(4 * pairs)}, TileShape{pairs, 4}});
  EmulatedTiles::load<0>(reinterpret_cast<const std::byte*>(&c), 4);
  EmulatedTiles::load<1>(reinterpret_cast<const std::byte*>(row.data()), 64);
  EmulatedTiles::load<2>(reinterpret_cast<const std::byte*>(column.data()), 4);
  EmulatedTiles::dot_bf16<0, 1, 2>();
  float out = 0.0f;
  EmulatedTiles::store<0>(reinterpret_cast<std::byte*>(&out), 4);
  EmulatedTiles::release();
  return out;
}

TEST(EmulatedTiles, SumSignedBytesExactlyWithinTheirShapes) {
  constexpr std::size_t rows = 3, columns = 5, steps = 2;
  std::int8_t a[rows][64], b[steps][64];
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t m = 0; m < rows; ++m) a[m][i] = static_cast<std::int8_t>(7 * i + 91 * m);
    for (std::size_t k = 0; k < steps; ++k) b[k][i] = static_cast<std::int8_t>(13 * i - 57 * k);
  }
  a[0][0] = b[0][0] = -128;
  EmulatedTiles::configure(
      {TileShape{rows, 4 * columns}, TileShape{rows, 4 * steps}, TileShape{steps, 4 * columns}});
  EmulatedTiles::load<1>(reinterpret_cast<const std::byte*>(a), 64);
  EmulatedTiles::load<2>(reinterpret_cast<const std::byte*>(b), 64);
  EmulatedTiles::zero<0>();
  EmulatedTiles::dot_int8<0, 1, 2>();
  EmulatedTiles::dot_int8<0, 1, 2>();
  std::int32_t out[rows + 1][16];
  std::memset(out, 0x55, sizeof(out));
  EmulatedTiles::store<0>(reinterpret_cast<std::byte*>(out), 64);
  for (std::size_t m = 0; m < rows; ++m)
    for (std::size_t n = 0; n < columns; ++n) {
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < 4 * steps; ++i) sum += a[m][i] * b[i / 4][4 * n + i % 4];
      EXPECT_EQ(out[m][n], 2 * sum) << m << ' ' << n;
    }
  EXPECT_EQ(out[0][columns], 0x55555555) << "beyond the row's bytes";
  EXPECT_EQ(out[rows][0], 0x55555555) << "beyond the rows";
  EmulatedTiles::release();
}

TEST(EmulatedTiles, RoundToNearestEvenAndKeepEvenAndOddInputsApart) {
  EXPECT_EQ(bf16_dot({1.0f, 2.0f, 3.0f, 4.0f}, {5.0f, 6.0f, 7.0f, 8.0f}, 0.5f), 70.5f);
  // 1 + 2^-24 lies halfway: to the even 1. 1 + 3 * 2^-24 lies halfway as well: up.
  EXPECT_EQ(bf16_dot({1.0f, 0.0f, 0x1p-12f, 0.0f}, {1.0f, 0.0f, 0x1p-12f, 0.0f}, 0.0f), 1.0f);
  EXPECT_EQ(bf16_dot({1.0f, 0.0f, 0x1.8p-12f, 0.0f}, {1.0f, 0.0f, 0x1p-11f, 0.0f}, 0.0f),
            1.0f + 0x1p-22f);
  // 2^24 and 1 would lose the 1 in one sum; in two it meets the other 1 first.
  EXPECT_EQ(bf16_dot({0x1p24f, 1.0f, -0x1p24f, 1.0f}, {1.0f, 1.0f, 1.0f, 1.0f}, 0.0f), 2.0f);
  // The old sum comes last: 2^24 + (1 + 1) rather than (2^24 + 1) + 1.
  EXPECT_EQ(bf16_dot({1.0f, 1.0f}, {1.0f, 1.0f}, 0x1p24f), 0x1p24f + 2.0f);
}

TEST(EmulatedTiles, TakeDenormalsAsZero) {
  const float denormal = std::bit_cast<float>(0x00400000u);
  EXPECT_EQ(bf16_dot({denormal, 0.0f}, {0x1p60f, 0.0f}, 0.0f), 0.0f) << "an input";
  EXPECT_EQ(bf16_dot({0x1p-70f, 0.0f}, {0x1p-60f, 0.0f}, 0.0f), 0.0f) << "a product";
  EXPECT_EQ(bf16_dot({0.0f, 0.0f}, {0.0f, 0.0f}, denormal), 0.0f) << "the old sum";
  EXPECT_TRUE(
      std::isnan(bf16_dot({std::numeric_limits<float>::infinity(), 0.0f}, {0.0f, 0.0f}, 0.0f)));
}

TEST(EmulatedTilesDeathTest, EndWhereTheProcessorFaults) {
  EXPECT_DEATH(EmulatedTiles::zero<0>(), "") << "no configuration";
  EXPECT_DEATH(EmulatedTiles::configure({TileShape{17, 64}}), "");
  EXPECT_DEATH(EmulatedTiles::configure({TileShape{0, 64}}), "");
  EmulatedTiles::configure({TileShape{2, 64}, TileShape{3, 8}, TileShape{2, 64}});
  EXPECT_DEATH((EmulatedTiles::dot_int8<0, 1, 2>()), "") << "rows of sums and inputs differ";
  EXPECT_DEATH(EmulatedTiles::zero<5>(), "") << "a register without a shape";
  EmulatedTiles::release();
}

}  // namespace
}  // namespace croft
