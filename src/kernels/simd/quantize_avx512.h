#pragma once
/// quantize_group_reference with AVX-512, same bits. Included by isa_avx512.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/quantized_rows.h"

namespace croft {

template <typename Tag>
struct QuantizeAvx512 {
  /// One block of 32 inputs.
  static QuantizedBlock quantize(const float* x) {
    const __m512 a = _mm512_loadu_ps(x);
    const __m512 b = _mm512_loadu_ps(x + 16);
    const __m512 magnitude_a = _mm512_abs_ps(a);
    const __m512 magnitude_b = _mm512_abs_ps(b);
    const __m512 infinity = _mm512_set1_ps(std::numeric_limits<float>::infinity());
    const bool finite = (_mm512_cmp_ps_mask(magnitude_a, infinity, _CMP_LT_OQ) &
                         _mm512_cmp_ps_mask(magnitude_b, infinity, _CMP_LT_OQ)) == 0xffffu;
    const float largest = _mm512_reduce_max_ps(_mm512_max_ps(magnitude_a, magnitude_b));
    QuantizedBlock block;
    const float factor = begin_block(largest, finite, block);
    if (factor == 0.0f) return block;
    const auto whole = [&](__m512 value) {
      return _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(value, _mm512_set1_ps(factor))));
    };
    const __m128i low = whole(a);
    const __m128i high = whole(b);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(block.quants), low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(block.quants + 16), high);
    block.half_sums[0] = sum_of(low);
    block.half_sums[1] = sum_of(high);
    const __m512i words = _mm512_cvtepi8_epi16(_mm256_set_m128i(high, low));
    block.square_sum = _mm512_reduce_add_epi32(_mm512_madd_epi16(words, words));
    return block;
  }

  static std::int32_t sum_of(__m128i quants) {
    const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), quants);
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
    const __m128i twos = _mm_add_epi32(fours, _mm_unpackhi_epi64(fours, fours));
    return _mm_cvtsi128_si32(twos) + _mm_extract_epi32(twos, 1);
  }

  static void quantize_group(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                             RowFit* fits) {
    quantize_group_with(quantize, x, cols, group, out, fits);
  }
};

}  // namespace croft
