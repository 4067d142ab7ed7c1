#include "kernels/simd/attention_neon.h"
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

}  // namespace

const KernelTable& neon_table() {
  static constexpr KernelTable table = make_table<NeonSimd, Weights, Packed, NeonAttentionLanes>(
      QuantizeNeon<NeonSimd>::quantize_group);
  return table;
}

}  // namespace croft
