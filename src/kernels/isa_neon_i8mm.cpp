// The NEON kernels, with integer matrix products for whole prompts.
#include "kernels/kernel_table.h"
#include "kernels/simd/neon_panels.h"
#include "kernels/simd/neon_tile.h"

namespace croft {
namespace {

/// Sums by products of 2 rows x 8 inputs with 8 inputs x 2 tokens: twice a dot product's work in
/// one instruction.
struct MatrixTile : NeonTile {
  static constexpr std::size_t half_bytes = 64;
  /// Two steps of a panel have 8 inputs of rows 0 to 15 in order.
  static CROFT_INLINE void store_weights(std::byte* block, std::size_t part, const I* weights) {
    for (std::size_t i = 0; i < 8; i += 2) {
      std::byte* at = block + step_bytes * i + 32 * part;
      NeonLanes::store(at, vzip1q_s32(weights[i], weights[i + 1]));
      NeonLanes::store(at + 16, vzip2q_s32(weights[i], weights[i + 1]));
    }
  }

  template <std::size_t Steps>
  static CROFT_INLINE void multiply(const std::byte* weights, const std::byte* x,
                                    I (&sums)[2][tokens]) {
    // Two rows and two tokens each: row 0 with tokens 0 and 1, row 1 with tokens 0 and 1.
    I squares[4][2];
    for (auto& pair : squares)
      for (I& square : pair) square = vdupq_n_s32(0);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < Steps; i += 2, weights += 2 * step_bytes, x += 8 * tokens) {
      const I first = NeonLanes::load(x), second = NeonLanes::load(x + 4 * tokens);
      const int8x16_t inputs[2] = {vreinterpretq_s8_s32(vzip1q_s32(first, second)),
                                   vreinterpretq_s8_s32(vzip2q_s32(first, second))};
#pragma GCC unroll 4
      for (std::size_t r = 0; r < 4; ++r) {
        const int8x16_t rows = load(weights + 16 * r);
        squares[r][0] = vmmlaq_s32(squares[r][0], rows, inputs[0]);
        squares[r][1] = vmmlaq_s32(squares[r][1], rows, inputs[1]);
      }
    }
    for (std::size_t p = 0; p < 2; ++p)
      for (std::size_t t = 0; t < 2; ++t) {
        sums[p][2 * t] = vuzp1q_s32(squares[2 * p][t], squares[2 * p + 1][t]);
        sums[p][2 * t + 1] = vuzp2q_s32(squares[2 * p][t], squares[2 * p + 1][t]);
      }
  }
};

void multiply(const PackedRows& weights, const QuantizedRows& x, float* out,
              std::size_t out_stride) {
  if (x.rows <= NeonTile::tokens) return neon_table().multiply_packed(weights, x, out, out_stride);
  NeonPanels<MatrixTile>::multiply(weights, x, out, out_stride);
}

}  // namespace

const KernelTable& neon_i8mm_table() {
  static const KernelTable table = [] {
    KernelTable changed = neon_table();
    changed.multiply_packed = multiply;
    return changed;
  }();
  return table;
}

}  // namespace croft
