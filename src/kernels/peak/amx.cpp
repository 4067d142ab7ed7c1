// Peak loops of the matrix tiles.
#include <immintrin.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

constexpr std::size_t tile_rows = 16;
constexpr std::size_t tile_row_bytes = 64;

/// The operand of ldtilecfg (Intel SDM, volume 1, chapter 18). A constant: gcc's intrinsic says
/// that it reads 8 bytes of it only, so stores to the rest could come too late.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {tile_row_bytes, tile_row_bytes, tile_row_bytes, tile_row_bytes,
                                 tile_row_bytes, tile_row_bytes, tile_row_bytes, tile_row_bytes};
  std::uint8_t rows[16] = {tile_rows, tile_rows, tile_rows, tile_rows,
                           tile_rows, tile_rows, tile_rows, tile_rows};
};
const TileConfig config;

void clear_tiles() {
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
}

/// Stores one of the sums and leaves the tile state, which a thread would otherwise save at every
/// switch.
double close_tiles() {
  alignas(64) std::int32_t sums[tile_rows * tile_rows];
  _tile_stored(0, sums, tile_row_bytes);
  _tile_release();
  return static_cast<double>(sums[0]);
}

/// Four sums of two by two operands, as a matrix product holds them.
ProbeWork int8_tiles(std::size_t rounds) {
  clear_tiles();
  for (std::size_t round = 0; round < rounds; ++round) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  return {static_cast<double>(rounds * 4 * tile_rows * tile_rows * tile_row_bytes * 2),
          close_tiles()};
}

ProbeWork bf16_tiles(std::size_t rounds) {
  clear_tiles();
  for (std::size_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  return {static_cast<double>(rounds * 4 * tile_rows * tile_rows * tile_row_bytes), close_tiles()};
}

}  // namespace

bool has_matrix_tiles() {
  return cpu_supports(Isa::Amx);
}

std::span<const ArithmeticProbe> tile_probes() {
  static constexpr ArithmeticProbe probes[] = {{ArithmeticKind::Int8Tiles, int8_tiles},
                                               {ArithmeticKind::Bf16Tiles, bf16_tiles}};
  return probes;
}

}  // namespace croft
