#include "kernels/dequantize.h"
#include "kernels/q8_scores.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"
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

struct ValueScratch;

void accumulate_q8(const Q8Rows& values, FloatRows weights, const float* factors, float* out,
                   std::size_t out_stride, std::size_t blocks) {
  const std::size_t size = blocks * q8_block_values;
  float* floats = thread_scratch<ValueScratch>(values.rows * size);
  for (std::size_t r = 0; r < values.rows; ++r)
    dequantize_reference(TensorType::Q8_0, values.data + r * values.row_bytes, size,
                         floats + r * size);
  for (std::size_t h = 0; h < weights.rows; ++h)
    SimdOps<PortableSimd>::accumulate({floats, values.rows, size},
                                      weights.data + h * weights.stride, factors[h],
                                      out + h * out_stride, size);
}

}  // namespace

const KernelTable& portable_table() {
  static constexpr KernelTable table =
      make_table<PortableSimd, PortableWeights, PackedMatmul<PortableLanes>>(
          score_q8_reference, accumulate_q8, quantize_group_reference);
  return table;
}

}  // namespace croft
