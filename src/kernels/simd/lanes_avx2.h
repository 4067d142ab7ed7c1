#pragma once
/// Eight 32-bit lanes for products with packed weights: one AVX2 register (with FMA and F16C).
/// Members as in lanes_avx512.h. Included by isa_avx2.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/quantized_rows.h"

namespace croft {

struct Avx2Lanes {
  using I = __m256i;
  using F = __m256;
  static constexpr std::size_t width = 8;
  static constexpr std::size_t rows_max = 4;
  static constexpr std::size_t rows_together = 1;
  static constexpr std::size_t tile_strips = 1, tile_rows = 4;
  static constexpr std::size_t wide_shift = 0;
  static constexpr std::int32_t bias = integer_bias;

  static I load(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(std::byte* p, I a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a); }
  static F load_halves(const std::byte* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static I load_half_words(const std::byte* p) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F load_floats(const float* p) { return _mm256_loadu_ps(p); }
  static void store_floats(float* p, F a) { _mm256_storeu_ps(p, a); }
  static F zero() { return _mm256_setzero_ps(); }
  static F broadcast(const std::byte* p) {
    return _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
  }
  static I broadcast_int(const std::byte* p) {
    return _mm256_set1_epi32(*reinterpret_cast<const std::int32_t*>(p));
  }
  static I set(std::int32_t value) { return _mm256_set1_epi32(value); }

  static I and_bytes(I a, int mask) {
    return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask)));
  }
  static I and_words(I a, int mask) { return _mm256_and_si256(a, _mm256_set1_epi32(mask)); }
  static I or_bits(I a, I b) { return _mm256_or_si256(a, b); }
  static I add_bytes(I a, int value) {
    return _mm256_add_epi8(a, _mm256_set1_epi8(static_cast<char>(value)));
  }
  static I sub_words(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I right(I a, unsigned count) { return _mm256_srli_epi32(a, static_cast<int>(count)); }
  static I left(I a, unsigned count) { return _mm256_slli_epi32(a, static_cast<int>(count)); }
  static I signed_byte(I a, unsigned b) {
    return _mm256_srai_epi32(_mm256_slli_epi32(a, static_cast<int>(24 - 8 * b)), 24);
  }
  static I look_up(const std::int8_t* table, I a) {
    const __m128i levels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(levels), a);
  }
  static F to_float(I a) { return _mm256_cvtepi32_ps(a); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F negate(F a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
  static F mul_add(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F scaled(I sum, F scale, F unbias) {
    return _mm256_fmadd_ps(_mm256_castsi256_ps(sum), scale, unbias);
  }
  static F unbias_of(F scale) { return _mm256_mul_ps(scale, _mm256_set1_ps(-integer_bias_value)); }

  static I wide_operand(I a) { return a; }

  /// Sums of pairs of products in 16 bits. Signed weights meet their inputs as magnitudes and
  /// signs: 2 * 128 * 127 < 2^15.
  template <unsigned Bits>
  static I pairs(I weights, I x) {
    if constexpr (Bits == 8)
      return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
    return _mm256_maddubs_epi16(weights, x);
  }
  /// Steps whose pair sums fit 16 bits together: steps * 2 * (2^bits - 1) * 127 < 2^15.
  template <unsigned Bits>
  static constexpr std::size_t steps_in_16_bits() {
    return Bits == 8 ? 1 : Bits == 6 ? 2 : Bits == 5 ? 4 : 8;
  }
  static I widen(I sum, I pair_sums) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pair_sums, _mm256_set1_epi16(1)));
  }
  template <unsigned Bits>
  static I add_dot(I sum, I weights, I x) {
    return widen(sum, pairs<Bits>(weights, x));
  }
  template <unsigned Bits, std::size_t Steps, std::size_t Rows>
  static void dots(I* sums, const I* weights, const std::byte* x, std::size_t step_bytes) {
    static_assert(Rows == 1);
    constexpr std::size_t run = steps_in_16_bits<Bits>() < Steps ? steps_in_16_bits<Bits>() : Steps;
    for (std::size_t i = 0; i < Steps; i += run) {
      I pair_sums = pairs<Bits>(weights[i], broadcast_int(x + i * step_bytes));
      for (std::size_t j = i + 1; j < i + run; ++j)
        pair_sums =
            _mm256_add_epi16(pair_sums, pairs<Bits>(weights[j], broadcast_int(x + j * step_bytes)));
      sums[0] = widen(sums[0], pair_sums);
    }
  }
  template <unsigned Bits, unsigned ZeroShift>
  static I panel_operand(I a) {
    return a;
  }
  template <unsigned Bits, unsigned ZeroShift>
  static constexpr unsigned panel_shift() {
    return Bits == 8 ? 0 : ZeroShift;
  }
};

}  // namespace croft
