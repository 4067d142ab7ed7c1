#pragma once
/// Sixteen 32-bit lanes for products with packed weights: one AVX-512 register. Dot gives the
/// 8-bit dot product (AVX-512 VNNI, or two instructions of plain AVX-512). Included by the
/// isa_avx512*.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/quantized_rows.h"
#include "kernels/simd/packed_formats.h"

namespace croft {

template <typename Dot>
struct Avx512Lanes {
  using I = __m512i;
  using F = __m512;
  static constexpr std::size_t width = 16;
  /// Rows whose sums stay in registers beside 8 of weights.
  static constexpr std::size_t rows_max = 16;
  /// Sums that grow side by side: a dot product takes 5 cycles and two start in each.
  static constexpr std::size_t rows_together = 8;
  /// Strips and rows of the panel's tile: 12 integer and 12 float sums, 3 weights, 1 input.
  static constexpr std::size_t tile_strips = 3, tile_rows = 4;
  /// Signed weights become q + 128: the instruction takes one unsigned operand.
  static constexpr std::size_t wide_shift = Dot::wide_shift;
  static constexpr std::int32_t bias = integer_bias;

  static I load(const std::byte* p) { return _mm512_loadu_si512(p); }
  static void store(std::byte* p, I a) { _mm512_storeu_si512(p, a); }
  static F load_halves(const std::byte* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static I load_half_words(const std::byte* p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F load_floats(const float* p) { return _mm512_loadu_ps(p); }
  static void store_floats(float* p, F a) { _mm512_storeu_ps(p, a); }
  static F zero() { return _mm512_setzero_ps(); }
  static F broadcast(const std::byte* p) {
    return _mm512_set1_ps(*reinterpret_cast<const float*>(p));
  }
  static I broadcast_int(const std::byte* p) {
    return _mm512_set1_epi32(*reinterpret_cast<const std::int32_t*>(p));
  }
  static I set(std::int32_t value) { return _mm512_set1_epi32(value); }

  static I and_bytes(I a, int mask) {
    return _mm512_and_si512(a, _mm512_set1_epi8(static_cast<char>(mask)));
  }
  static I and_words(I a, int mask) { return _mm512_and_si512(a, _mm512_set1_epi32(mask)); }
  static I or_bits(I a, I b) { return _mm512_or_si512(a, b); }
  static I add_bytes(I a, int value) {
    return _mm512_add_epi8(a, _mm512_set1_epi8(static_cast<char>(value)));
  }
  static I sub_words(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I right(I a, unsigned count) { return _mm512_srli_epi32(a, count); }
  static I left(I a, unsigned count) { return _mm512_slli_epi32(a, count); }
  /// Byte b of every word as a signed number.
  static I signed_byte(I a, unsigned b) {
    return _mm512_srai_epi32(_mm512_slli_epi32(a, 24 - 8 * b), 24);
  }
  /// 16 signed bytes looked up by the bytes of `a` (each below 16).
  static I look_up(const std::int8_t* table, I a) {
    const __m128i levels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(levels), a);
  }
  static F to_float(I a) { return _mm512_cvtepi32_ps(a); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F negate(F a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
  static F mul_add(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }

  /// (sum - bias) * scale rounded once; `unbias` is unbias_of(scale). Exact before the rounding: a
  /// scale has at most 18 significant bits, the bias two.
  static F scaled(I sum, F scale, F unbias) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(sum), scale, unbias);
  }
  static F unbias_of(F scale) { return _mm512_mul_ps(scale, _mm512_set1_ps(-integer_bias_value)); }

  /// Signed weights as `dot` wants them.
  static I wide_operand(I a) { return Dot::wide_operand(a); }
  /// sum + dot product of 4 weights (Bits wide; 8 means wide_operand) and 4 inputs in each lane.
  template <unsigned Bits>
  static I add_dot(I sum, I weights, I x) {
    return Dot::template add<Bits>(sum, weights, x);
  }
  /// The same over Steps registers of weights for Rows sums; step i of row t finds its inputs at x
  /// + i * step_bytes + 4 * t.
  template <unsigned Bits, std::size_t Steps, std::size_t Rows>
  static CROFT_INLINE void dots(I* sums, const I* weights, const std::byte* x,
                                std::size_t step_bytes) {
    if constexpr (Rows <= 2) {
      // Few sums: two for each row, so that a step does not wait for the last one.
      I odd[Rows];
      for (std::size_t t = 0; t < Rows; ++t) odd[t] = set(0);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < Steps; i += 2) {
        const std::byte* even_x = x + i * step_bytes;
        for (std::size_t t = 0; t < Rows; ++t) {
          sums[t] = Dot::template add_one<Bits>(sums[t], weights[i], even_x + 4 * t);
          odd[t] = Dot::template add_one<Bits>(odd[t], weights[i + 1], even_x + step_bytes + 4 * t);
        }
      }
      for (std::size_t t = 0; t < Rows; ++t) sums[t] = _mm512_add_epi32(sums[t], odd[t]);
      return;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Steps; ++i)
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Rows; ++t)
        sums[t] = Dot::template add_one<Bits>(sums[t], weights[i], x + i * step_bytes + 4 * t);
  }
  /// bias - (the sum at `sum` << Shift); the sum has 16 bits.
  template <unsigned Shift>
    requires requires(I a, const std::byte* p) { Dot::add_word(a, a, p); }
  static I start(const std::byte* sum) {
    return Dot::add_word(set(bias), _mm512_set1_epi32(0x10000 - (1 << Shift)), sum);
  }
  /// What a panel keeps of a weight register, and the zero (as a shift) of what it keeps.
  template <unsigned Bits, unsigned ZeroShift>
  static I panel_operand(I a) {
    return Dot::template panel_operand<Bits, ZeroShift>(a);
  }
  template <unsigned Bits, unsigned ZeroShift>
  static constexpr unsigned panel_shift() {
    return Dot::template panel_shift<Bits, ZeroShift>();
  }
};

/// Four 8-bit products with the instructions of AVX-512 BW. Sums of two products stay below 2^15:
/// narrow weights are below 64, and signed ones meet their inputs as magnitudes and signs.
struct MultiplyAddDot {
  static constexpr std::size_t wide_shift = 0;
  static __m512i wide_operand(__m512i a) { return a; }
  template <unsigned Bits, unsigned ZeroShift>
  static __m512i panel_operand(__m512i a) {
    return a;
  }
  template <unsigned Bits, unsigned ZeroShift>
  static constexpr unsigned panel_shift() {
    return Bits == 8 ? 0 : ZeroShift;
  }
  template <unsigned Bits>
  static __m512i add(__m512i sum, __m512i weights, __m512i x) {
    if constexpr (Bits == 8) {
      x = _mm512_mask_sub_epi8(x, _mm512_movepi8_mask(weights), _mm512_setzero_si512(), x);
      weights = _mm512_abs_epi8(weights);
    }
    const __m512i pairs = _mm512_maddubs_epi16(weights, x);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  /// The same with the 4 inputs at `x` in every lane.
  template <unsigned Bits>
  static __m512i add_one(__m512i sum, __m512i weights, const std::byte* x) {
    return add<Bits>(sum, weights, _mm512_set1_epi32(*reinterpret_cast<const std::int32_t*>(x)));
  }
};

}  // namespace croft
