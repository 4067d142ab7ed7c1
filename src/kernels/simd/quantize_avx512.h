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

  /// The same for four rows at a time, lane by lane: half of the work of a single row is sums
  /// across lanes, which four rows share.
  struct Fits {
    __m128 scale_squares = _mm_setzero_ps();
    __m128 rest = _mm_setzero_ps();
  };

  /// Lane r: the largest of v[r]'s 16 lanes.
  static __m128 largest_of_four(const __m512 (&v)[4]) {
    const auto by_8 = [](__m512 a) {
      return _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    };
    const auto by_4 = [](__m256 a) {
      return _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    };
    __m128 a = by_4(by_8(v[0])), b = by_4(by_8(v[1])), c = by_4(by_8(v[2])), d = by_4(by_8(v[3]));
    _MM_TRANSPOSE4_PS(a, b, c, d);
    return _mm_max_ps(_mm_max_ps(a, b), _mm_max_ps(c, d));
  }

  /// 32 sums of four products in order [row][8 words], two registers of two rows each, become the
  /// sums of each row's first and second half.
  static void half_sums_of(__m512i low, __m512i high, __m128i& first, __m128i& second) {
    const auto in_quarters = [](__m512i a) {
      const __m512i pairs = _mm512_add_epi32(a, _mm512_shuffle_epi32(a, _MM_PERM_CDAB));
      return _mm512_add_epi32(pairs, _mm512_shuffle_epi32(pairs, _MM_PERM_BADC));
    };
    const __m512i index = _mm512_setr_epi32(0, 8, 16, 24, 4, 12, 20, 28, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i sums = _mm512_castsi512_si256(
        _mm512_permutex2var_epi32(in_quarters(low), index, in_quarters(high)));
    first = _mm256_castsi256_si128(sums);
    second = _mm256_extracti128_si256(sums, 1);
  }

  static __m512i products_of_four(__m512i unsigned_bytes, __m512i signed_bytes) {
    return _mm512_madd_epi16(_mm512_maddubs_epi16(unsigned_bytes, signed_bytes),
                             _mm512_set1_epi16(1));
  }

  static void quantize_four(const float* x, std::size_t stride, std::byte* record,
                            QuantizedRecord layout, std::size_t row, Fits& fits) {
    const __m512 infinity = _mm512_set1_ps(std::numeric_limits<float>::infinity());
    __m512 magnitude[4];
    unsigned finite_rows = 0;
    for (std::size_t r = 0; r < 4; ++r) {
      const __m512 a = _mm512_abs_ps(_mm512_loadu_ps(x + r * stride));
      const __m512 b = _mm512_abs_ps(_mm512_loadu_ps(x + r * stride + 16));
      const unsigned finite =
          _mm512_cmp_ps_mask(a, infinity, _CMP_LT_OQ) & _mm512_cmp_ps_mask(b, infinity, _CMP_LT_OQ);
      finite_rows |= (finite == 0xffffu ? 1u : 0u) << r;
      magnitude[r] = _mm512_max_ps(a, b);
    }
    const __m128 largest = largest_of_four(magnitude);
    const auto finite = static_cast<__mmask8>(finite_rows);
    const __m128 scale = _mm_mask_div_ps(_mm_set1_ps(std::numeric_limits<float>::quiet_NaN()),
                                         finite, largest, _mm_set1_ps(127.0f));
    __mmask8 used = _mm_mask_cmp_ps_mask(finite, largest, _mm_setzero_ps(), _CMP_GT_OQ);
    const __m128 quotient = _mm_maskz_div_ps(used, _mm_set1_ps(127.0f), largest);
    used = _mm_mask_cmp_ps_mask(used, quotient, _mm_set1_ps(std::numeric_limits<float>::max()),
                                _CMP_LE_OQ);
    alignas(16) float factors[4];
    _mm_store_ps(factors, _mm_maskz_mov_ps(used, quotient));
    __m256i quants[4];
    for (std::size_t r = 0; r < 4; ++r) {
      const __m512 factor = _mm512_set1_ps(factors[r]);
      const __mmask16 keep = (used >> r & 1) != 0 ? 0xffff : 0;
      const auto whole = [&](const float* from) {
        return _mm512_cvtepi32_epi8(
            _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(_mm512_loadu_ps(from), factor)));
      };
      quants[r] = _mm256_set_m128i(whole(x + r * stride + 16), whole(x + r * stride));
    }
    const __m512i low = _mm512_inserti64x4(_mm512_castsi256_si512(quants[0]), quants[1], 1);
    const __m512i high = _mm512_inserti64x4(_mm512_castsi256_si512(quants[2]), quants[3], 1);
    store_quants(low, high, layout, row, record);

    __m128i halves[2], squares[2];
    const __m512i ones = _mm512_set1_epi8(1);
    half_sums_of(products_of_four(ones, low), products_of_four(ones, high), halves[0], halves[1]);
    const __m512i low_size = _mm512_abs_epi8(low), high_size = _mm512_abs_epi8(high);
    half_sums_of(products_of_four(low_size, low_size), products_of_four(high_size, high_size),
                 squares[0], squares[1]);
    const __m128i sum = _mm_add_epi32(halves[0], halves[1]);
    const auto put = [&](std::size_t at, __m128i value) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(record + at + 4 * row), value);
    };
    const auto scaled = [&](__m128i value) {
      return _mm_castps_si128(_mm_mul_ps(scale, _mm_cvtepi32_ps(value)));
    };
    put(layout.scale(), _mm_castps_si128(scale));
    put(layout.start(), _mm_sub_epi32(_mm_set1_epi32(integer_bias), _mm_slli_epi32(sum, 7)));
    put(layout.scaled_sum(), scaled(sum));
    put(layout.sum(), sum);
    for (std::size_t half = 0; half < 2; ++half) {
      put(layout.half_sum(half), halves[half]);
      put(layout.scaled_half_sum(half), scaled(halves[half]));
    }
    const __m128 square = _mm_mul_ps(scale, scale);
    const __m128i others =
        _mm_sub_epi32(_mm_add_epi32(squares[0], squares[1]), _mm_set1_epi32(127 * 127));
    fits.scale_squares = _mm_add_ps(fits.scale_squares, square);
    fits.rest = _mm_add_ps(fits.rest, _mm_mul_ps(square, _mm_cvtepi32_ps(others)));
  }

  /// Word s of rows 0..3 (two in each register) side by side for every step s.
  static void store_quants(__m512i low, __m512i high, QuantizedRecord layout, std::size_t row,
                           std::byte* record) {
    const __m512i first =
        _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(4));
    const __m512i steps[2] = {_mm512_permutex2var_epi32(low, first, high),
                              _mm512_permutex2var_epi32(low, second, high)};
    if (layout.group == 4) {
      _mm512_storeu_si512(record, steps[0]);
      _mm512_storeu_si512(record + 64, steps[1]);
      return;
    }
    alignas(64) std::byte words[128];
    _mm512_store_si512(words, steps[0]);
    _mm512_store_si512(words + 64, steps[1]);
    for (std::size_t step = 0; step < 8; ++step)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(record + (step * layout.group + row) * 4),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(words + 16 * step)));
  }

  static void quantize_group(FloatRows x, std::size_t cols, std::size_t group, std::byte* out,
                             RowFit* fits) {
    if (x.rows != group || group % 4 != 0)
      return quantize_group_with(quantize, x, cols, group, out, fits);
    const QuantizedRecord layout{group};
    for (std::size_t row = 0; row < group; row += 4) {
      Fits sums;
      std::byte* record = out;
      const float* from = x.data + row * x.stride;
      for (std::size_t begin = 0; begin < cols; begin += quantized_block, record += layout.bytes())
        quantize_four(from + begin, x.stride, record, layout, row, sums);
      alignas(16) float scale_squares[4], rest[4];
      _mm_store_ps(scale_squares, sums.scale_squares);
      _mm_store_ps(rest, sums.rest);
      for (std::size_t r = 0; r < 4; ++r) fits[row + r] = {scale_squares[r], rest[r]};
    }
  }
};

}  // namespace croft
