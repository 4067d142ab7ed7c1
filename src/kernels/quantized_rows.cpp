#include "kernels/quantized_rows.h"

#include <algorithm>
#include <cmath>

namespace croft {
namespace {

QuantizedBlock quantize(const float* x) {
  float largest = 0.0f;
  bool finite = true;
  for (std::size_t i = 0; i < quantized_block; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  QuantizedBlock block;
  const float factor = begin_block(largest, finite, block);
  if (factor == 0.0f) return block;
  for (std::size_t i = 0; i < quantized_block; ++i) {
    block.quants[i] = static_cast<std::int8_t>(std::nearbyintf(x[i] * factor));
    block.half_sums[i / 16] += block.quants[i];
    block.square_sum += block.quants[i] * block.quants[i];
  }
  return block;
}

}  // namespace

void quantize_group_reference(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                              RowFit* fits) {
  quantize_group_with(quantize, x, cols, group, out, fits);
}

}  // namespace croft
