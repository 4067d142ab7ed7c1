#include "kernels/q8_scores.h"
#include "kernels/scratch.h"
#include "kernels/simd/neon.h"
#include "kernels/simd/neon_formats.h"
#include "kernels/simd/neon_panels.h"
#include "kernels/simd/neon_strips.h"
#include "kernels/simd/neon_tile.h"
#include "kernels/simd/quantize_neon.h"
#include "kernels/simd/table.h"
#include "kernels/simd/weights.h"

namespace croft {
namespace {

using Weights = SimdWeights<NeonSimd, NeonFormats<NeonSimd>>;

struct Packed {
  static std::size_t group_of(std::size_t rows) { return rows == 1 ? 1 : NeonTile::tokens; }
  static void multiply(const PackedRows& weights, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    if (x.rows <= NeonTile::tokens)
      NeonStrips<NeonDotTile>::multiply(weights, x, out, out_stride);
    else
      NeonPanels<NeonDotTile>::multiply(weights, x, out, out_stride);
  }
};

struct ValueScratch;

void accumulate_q8(const Q8Rows& values, FloatRows weights, const float* factors, float* out,
                   std::size_t out_stride, std::size_t blocks) {
  const std::size_t size = blocks * q8_block_values;
  float* floats = thread_scratch<ValueScratch>(values.rows * size);
  for (std::size_t r = 0; r < values.rows; ++r)
    Weights::dequantize(TensorType::Q8_0, values.data + r * values.row_bytes, size,
                        floats + r * size);
  for (std::size_t h = 0; h < weights.rows; ++h)
    SimdOps<NeonSimd>::accumulate({floats, values.rows, size}, weights.data + h * weights.stride,
                                  factors[h], out + h * out_stride, size);
}

}  // namespace

const KernelTable& neon_table() {
  static constexpr KernelTable table = make_table<NeonSimd, Weights, Packed>(
      score_q8_reference, accumulate_q8, QuantizeNeon<NeonSimd>::quantize_group);
  return table;
}

}  // namespace croft
