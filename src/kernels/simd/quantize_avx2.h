#pragma once
/// quantize_group_reference with AVX2, same bits. Included by isa_avx2.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/quantized_rows.h"

namespace croft {

template <typename Tag>
struct QuantizeAvx2 {
  /// The largest magnitude; 0 and `finite` false where an input is infinite or not a number.
  static float largest_of(const float* x, bool& finite) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 largest = _mm256_setzero_ps();
    __m256 poison = _mm256_setzero_ps();
    for (std::size_t i = 0; i < quantized_block; i += 8) {
      const __m256 value = _mm256_loadu_ps(x + i);
      largest = _mm256_max_ps(largest, _mm256_andnot_ps(sign, value));
      poison = _mm256_add_ps(poison, _mm256_sub_ps(value, value));
    }
    finite = _mm256_movemask_ps(_mm256_cmp_ps(poison, poison, _CMP_UNORD_Q)) == 0;
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps(largest, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    four = _mm_max_ss(four, _mm_shuffle_ps(four, four, 1));
    return finite ? _mm_cvtss_f32(four) : 0.0f;
  }

  /// 32 quants in order.
  static __m256i quants_of(const float* x, float factor) {
    const __m256 f = _mm256_set1_ps(factor);
    __m256i words[4];
    for (std::size_t i = 0; i < 4; ++i)
      words[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), f));
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(words[0], words[1]),
                                             _mm256_packs_epi32(words[2], words[3]));
    // Packing works in halves of a register: put the words back in order.
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  }

  static std::int32_t sum_of(__m128i quants) {
    const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), quants);
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
    const __m128i twos = _mm_add_epi32(fours, _mm_unpackhi_epi64(fours, fours));
    return _mm_cvtsi128_si32(twos) + _mm_extract_epi32(twos, 1);
  }

  static std::int32_t square_sum_of(__m256i quants) {
    const __m256i low = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(quants));
    const __m256i high = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(quants, 1));
    const __m256i eights =
        _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
    const __m128i fours =
        _mm_add_epi32(_mm256_castsi256_si128(eights), _mm256_extracti128_si256(eights, 1));
    const __m128i twos = _mm_add_epi32(fours, _mm_unpackhi_epi64(fours, fours));
    return _mm_cvtsi128_si32(twos) + _mm_extract_epi32(twos, 1);
  }

  static QuantizedBlock quantize(const float* x) {
    QuantizedBlock block;
    bool finite = true;
    const float largest = largest_of(x, finite);
    const float factor = begin_block(largest, finite, block);
    if (factor == 0.0f) return block;
    const __m256i quants = quants_of(x, factor);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(block.quants), quants);
    block.half_sums[0] = sum_of(_mm256_castsi256_si128(quants));
    block.half_sums[1] = sum_of(_mm256_extracti128_si256(quants, 1));
    block.square_sum = square_sum_of(quants);
    return block;
  }

  static void quantize_group(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                             RowFit* fits) {
    quantize_group_with(quantize, x, cols, group, out, fits);
  }
};

}  // namespace croft
