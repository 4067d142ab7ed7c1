#pragma once
/// Matrix tiles (AMX) as a type, so that the kernels over them also run where there are none.
///
/// `Tiles` is AmxTiles (amx_tiles.h) or the model of the instructions that the tests use
/// (emulated_tiles.h). Eight registers of up to 16 rows of 64 bytes; what each instruction does to
/// them: Intel SDM, volume 1, chapter 18 and volume 2. Static members:
///
///   configure(shapes)               gives the registers their shapes, all zero
///   release()                       back to the state in which nothing has to be saved
///   zero<C>()
///   load<T>(from, stride)           row r from `from` + r * stride
///   store<T>(to, stride)
///   dot_int8<C, A, B>()             C[m][n] += sum over k of A[m][4k..] · B[k][4n..], signed
///   dot_bf16<C, A, B>()             the same over pairs of bfloat16, sums in float32
///
/// The dots require C.rows == A.rows, C.row_bytes == B.row_bytes, A.row_bytes / 4 == B.rows.

#include <array>
#include <cstddef>
#include <cstdint>

namespace croft {

inline constexpr std::size_t tile_rows_max = 16;
inline constexpr std::size_t tile_row_bytes_max = 64;
/// A tile of 16 x 16 sums.
inline constexpr std::size_t tile_bytes = tile_rows_max * tile_row_bytes_max;

/// Both 0 for a register that is not used.
struct TileShape {
  std::uint8_t rows = 0;
  std::uint8_t row_bytes = 0;
};
using TileShapes = std::array<TileShape, 8>;

}  // namespace croft
