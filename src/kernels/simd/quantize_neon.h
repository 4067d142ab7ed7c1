#pragma once
/// quantize_group_reference with NEON, same bits. Included by isa_neon.cpp only.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/quantized_rows.h"

namespace croft {

template <typename Tag>
struct QuantizeNeon {
  /// One block of 32 inputs.
  static QuantizedBlock quantize(const float* x) {
    float32x4_t values[8];
    float32x4_t largest = vdupq_n_f32(0.0f);
    uint32x4_t finite = vdupq_n_u32(~0u);
    const float32x4_t infinity = vdupq_n_f32(std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < 8; ++i) {
      values[i] = vld1q_f32(x + 4 * i);
      const float32x4_t magnitude = vabsq_f32(values[i]);
      largest = vmaxq_f32(largest, magnitude);
      finite = vandq_u32(finite, vcltq_f32(magnitude, infinity));
    }
    QuantizedBlock block;
    const float factor = begin_block(vmaxvq_f32(largest), vminvq_u32(finite) != 0, block);
    if (factor == 0.0f) return block;
    const auto four = [&](std::size_t i) {
      return vmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(values[i], factor)));
    };
    int32x4_t squares = vdupq_n_s32(0);
    for (std::size_t half = 0; half < 2; ++half) {
      const int16x8_t low = vcombine_s16(four(4 * half), four(4 * half + 1));
      const int16x8_t high = vcombine_s16(four(4 * half + 2), four(4 * half + 3));
      const int8x16_t quants = vcombine_s8(vmovn_s16(low), vmovn_s16(high));
      vst1q_s8(block.quants + 16 * half, quants);
      block.half_sums[half] = vaddlvq_s8(quants);
      squares = vdotq_s32(squares, quants, quants);
    }
    block.square_sum = vaddvq_s32(squares);
    return block;
  }

  static void quantize_group(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                             RowFit* fits) {
    quantize_group_with(quantize, x, cols, group, out, fits);
  }
};

}  // namespace croft
