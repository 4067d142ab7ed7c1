#pragma once
/// Sixteen float lanes in two AVX2 registers (with FMA and F16C). Included by isa_avx2.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/half_table.h"

namespace croft {

struct Avx2Simd {
  struct V {
    __m256 low;
    __m256 high;
  };
  struct Ints {
    __m256i low;
    __m256i high;
  };

  // 2 x 3 accumulators of two registers each: 12 of 16.
  static constexpr std::size_t tile_rows = 2;
  static constexpr std::size_t tile_tokens = 3;
  /// Weight rows that one pass over `tokens` serves: enough chains of multiply-adds to hide their
  /// latency of 4 cycles at two a cycle, and few enough that their accumulators stay in registers.
  static constexpr std::size_t rows_at_once(std::size_t tokens) { return tokens == 1 ? 8 : 4; }

  /// Lanes below count, as masks for maskload and maskstore.
  static Ints first(std::size_t count) {
    const __m256i n = _mm256_set1_epi32(static_cast<int>(count));
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_cmpgt_epi32(n, lane),
            _mm256_cmpgt_epi32(n, _mm256_add_epi32(lane, _mm256_set1_epi32(8)))};
  }

  static V zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static V set1(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static V load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static V load_first(const float* p, std::size_t count) {
    const Ints mask = first(count);
    const __m256 low = _mm256_maskload_ps(p, mask.low);
    return {low, count > 8 ? _mm256_maskload_ps(p + 8, mask.high) : _mm256_setzero_ps()};
  }
  static void store(float* p, V a) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
  }
  static void store_first(float* p, V a, std::size_t count) {
    const Ints mask = first(count);
    _mm256_maskstore_ps(p, mask.low, a.low);
    if (count > 8) _mm256_maskstore_ps(p + 8, mask.high, a.high);
  }

  static V add(V a, V b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
  static V sub(V a, V b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
  static V mul(V a, V b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
  static V div(V a, V b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
  static V mul_add(V a, V b, V c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static V max(V a, V b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
  static V min(V a, V b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
  static V select_less(V a, V b, V yes, V no) {
    return {_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
            _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
  }
  static V abs(V a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
  }
  static V copy_sign(V a, V b) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_or_ps(_mm256_andnot_ps(sign, a.low), _mm256_and_ps(sign, b.low)),
            _mm256_or_ps(_mm256_andnot_ps(sign, a.high), _mm256_and_ps(sign, b.high))};
  }
  static V round(V a) {
    constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.low, nearest), _mm256_round_ps(a.high, nearest)};
  }
  static __m256 exp2_whole(__m256 a) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
  static V exp2_whole(V a) { return {exp2_whole(a.low), exp2_whole(a.high)}; }

  static float reduce_add(V a) {
    const __m256 by8 = _mm256_add_ps(a.low, a.high);
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
  template <std::size_t N>
  static void reduce_add_each(const V (&a)[N], float* out) {
    for (std::size_t i = 0; i < N; ++i) out[i] = reduce_add(a[i]);
  }
  static float reduce_max(V a) {
    const __m256 by8 = _mm256_max_ps(a.low, a.high);
    const __m128 by4 = _mm_max_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_max_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_max_ss(by2, _mm_movehdup_ps(by2)));
  }

  // What the weight formats need.

  static const float* values_of_halves() { return reinterpret_cast<const float*>(&f16_values); }

  static V half(const std::byte* p) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return set1(values_of_halves()[bits]);
  }
  /// The first 8 lanes of each.
  static V join_halves(V a, V b) { return {a.low, b.low}; }
  static V halves(__m256i bits) {
    return {_mm256_cvtph_ps(_mm256_castsi256_si128(bits)),
            _mm256_cvtph_ps(_mm256_extracti128_si256(bits, 1))};
  }
  static __m256 brain_halves8(__m128i bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static V brain_halves(__m256i bits) {
    return {brain_halves8(_mm256_castsi256_si128(bits)),
            brain_halves8(_mm256_extracti128_si256(bits, 1))};
  }
  static V to_float(Ints a) { return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)}; }
  static V from_signed(__m128i bytes) {
    return to_float({_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))});
  }
  static V from_unsigned(__m128i bytes) { return to_float(widen(bytes)); }

  static Ints widen(__m128i bytes) {
    return {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
  }
  static Ints high_nibbles(Ints a) {
    return {_mm256_srli_epi32(a.low, 4), _mm256_srli_epi32(a.high, 4)};
  }
  static Ints low_bits(Ints a) {
    const __m256i mask = _mm256_set1_epi32(15);
    return {_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)};
  }

  // A permutation reaches 8 floats only: levels are computed, not looked up.
  struct AffineLevels {
    V scale;
    V offset;
  };
  struct CentredLevels {
    V scale;
  };
  /// 16 floats; the quant's bit 3 chooses between the two registers.
  struct TableLevels {
    V value;
  };
  static AffineLevels affine_levels(V scale, V offset) { return {scale, offset}; }
  static CentredLevels centred_levels(V scale) { return {scale}; }
  static TableLevels table_levels(V scale, __m128i table) {
    return {mul(scale, from_signed(table))};
  }
  static V look_up(const AffineLevels& levels, Ints q) {
    return add(mul(levels.scale, to_float(low_bits(q))), levels.offset);
  }
  static V look_up(const CentredLevels& levels, Ints q) {
    return mul(levels.scale, sub(to_float(low_bits(q)), set1(8.0f)));
  }
  static __m256 look_up8(const TableLevels& levels, __m256i q) {
    const __m256 bit3_as_sign = _mm256_castsi256_ps(_mm256_slli_epi32(q, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(levels.value.low, q),
                            _mm256_permutevar8x32_ps(levels.value.high, q), bit3_as_sign);
  }
  static V look_up(const TableLevels& levels, Ints q) {
    return {look_up8(levels, q.low), look_up8(levels, q.high)};
  }

  /// Byte i is 16 where bit i of `bits` is set, else 0.
  static __m256i fifth_bits(std::uint32_t bits) {
    const __m256i source = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), source);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
    return _mm256_and_si256(set, _mm256_set1_epi8(16));
  }
};

}  // namespace croft
