#include "kernels/dequantize.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"
#include "kernels/simd/attention_portable.h"
#include "kernels/simd/lanes_portable.h"
#include "kernels/simd/portable.h"
#include "kernels/simd/table.h"

namespace croft {
namespace {

struct PortableWeights {
  static void dequantize(TensorType type, const std::byte* source, std::size_t count, float* out) {
    dequantize_reference(type, source, count, out);
  }
  static void multiply_few(const WeightRows& weights, FloatRows x, float* out,
                           std::size_t out_stride) {
    float* row = thread_scratch<PortableWeights>(weights.cols);
    for (std::size_t r = 0; r < weights.rows; ++r) {
      dequantize(weights.type, weights.data + r * weights.row_bytes, weights.cols, row);
      for (std::size_t t = 0; t < x.rows; ++t)
        out[t * out_stride + r] =
            SimdMatmul<PortableSimd>::dot(row, x.data + t * x.stride, weights.cols);
    }
  }
};

}  // namespace

const KernelTable& portable_table() {
  static constexpr KernelTable table =
      make_table<PortableSimd, PortableWeights, PackedMatmul<PortableLanes>,
                 PortableAttentionLanes>(quantize_group_reference);
  return table;
}

}  // namespace croft
