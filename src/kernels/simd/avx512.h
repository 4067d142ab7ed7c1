#pragma once
/// Sixteen float lanes in one AVX-512 register (F, BW, DQ, VL). Included by isa_avx512.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/half_table.h"

namespace croft {

struct Avx512Simd {
  using V = __m512;
  using Ints = __m512i;  ///< 16 32-bit integers

  // 24 accumulators, 4 weights and 1 input fill 29 of 32 registers; 10 loads feed 24 multiply-adds.
  static constexpr std::size_t tile_rows = 4;
  static constexpr std::size_t tile_tokens = 6;
  /// Weight rows that one pass over `tokens` serves: enough chains of multiply-adds to hide their
  /// latency of 4 cycles at two a cycle, and few enough that their accumulators stay in registers.
  static constexpr std::size_t rows_at_once(std::size_t tokens) { return tokens == 1 ? 8 : 4; }

  static __mmask16 first(std::size_t count) { return static_cast<__mmask16>((1u << count) - 1u); }

  static V zero() { return _mm512_setzero_ps(); }
  static V set1(float value) { return _mm512_set1_ps(value); }
  static V load(const float* p) { return _mm512_loadu_ps(p); }
  static V load_first(const float* p, std::size_t count) {
    return _mm512_maskz_loadu_ps(first(count), p);
  }
  static void store(float* p, V a) { _mm512_storeu_ps(p, a); }
  static void store_first(float* p, V a, std::size_t count) {
    _mm512_mask_storeu_ps(p, first(count), a);
  }

  static V add(V a, V b) { return _mm512_add_ps(a, b); }
  static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  static V div(V a, V b) { return _mm512_div_ps(a, b); }
  static V mul_add(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  static V max(V a, V b) { return _mm512_max_ps(a, b); }
  static V min(V a, V b) { return _mm512_min_ps(a, b); }
  static V select_less(V a, V b, V yes, V no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
  }
  static V abs(V a) { return _mm512_andnot_ps(set1(-0.0f), a); }
  static V copy_sign(V a, V b) {
    const V sign = set1(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
  }
  static V round(V a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static V exp2_whole(V a) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
  }

  static float reduce_add(V a) {
    const __m256 high = _mm512_extractf32x8_ps(a, 1);
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a), high);
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
  /// reduce_add of four vectors at once, each in the same order of additions.
  static __m128 reduce_add4(V a, V b, V c, V d) {
    const V ab = add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    const V cd = add(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    const V by4 = add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    const V by2 = add(by4, _mm512_permute_ps(by4, 0x4e));
    const V by1 = add(by2, _mm512_permute_ps(by2, 0xb1));
    const __m512i corners = _mm512_castsi128_si512(_mm_setr_epi32(0, 4, 8, 12));
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(corners, by1));
  }
  template <std::size_t N>
  static void reduce_add_each(const V (&a)[N], float* out) {
    std::size_t i = 0;
    for (; i + 4 <= N; i += 4)
      _mm_storeu_ps(out + i, reduce_add4(a[i], a[i + 1], a[i + 2], a[i + 3]));
    for (; i < N; ++i) out[i] = reduce_add(a[i]);
  }
  static float reduce_max(V a) { return _mm512_reduce_max_ps(a); }

  // What the weight formats need.

  static const float* values_of_halves() { return reinterpret_cast<const float*>(&f16_values); }

  static V half(const std::byte* p) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return set1(values_of_halves()[bits]);
  }
  /// The first 8 lanes of each.
  static V join_halves(V a, V b) { return _mm512_shuffle_f32x4(a, b, 0x44); }
  static V halves(__m256i bits) { return _mm512_cvtph_ps(bits); }
  static V brain_halves(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static V from_signed(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)); }
  static V from_unsigned(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)); }

  static Ints widen(__m128i bytes) { return _mm512_cvtepu8_epi32(bytes); }
  static Ints high_nibbles(Ints a) { return _mm512_srli_epi32(a, 4); }

  /// The 16 values a 4-bit quant can have in one block: a permutation then replaces conversion and
  /// arithmetic.
  struct Levels {
    V value;
  };
  /// scale * q + offset, rounded after each.
  static Levels affine_levels(V scale, V offset) {
    const V q = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return {add(mul(scale, q), offset)};
  }
  /// scale * (q - 8).
  static Levels centred_levels(V scale) {
    const V q = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    return {mul(scale, q)};
  }
  /// scale * table[q].
  static Levels table_levels(V scale, __m128i table) { return {mul(scale, from_signed(table))}; }
  /// The level of the low four bits of each integer.
  static V look_up(Levels levels, Ints q) { return _mm512_permutexvar_ps(q, levels.value); }

  /// Byte i is 16 where bit i of `bits` is set, else 0.
  static __m256i fifth_bits(std::uint32_t bits) { return _mm256_maskz_set1_epi8(bits, 16); }
};

}  // namespace croft
