#pragma once
/// Sixteen lanes in one AVX-512 register, for simd/attention.h. Included by isa_avx512.cpp and
/// isa_avx512vnni.cpp, which differ in `Products` only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace croft {

/// `Products::add_products(sum, a, b)` is sum + a0 * b0 + a1 * b1 over the 16-bit halves of a lane.
template <typename Products>
struct Avx512AttentionLanes : Products {
  using I = __m512i;
  using F = __m512;
  static constexpr std::size_t width = 16;
  /// 24 sums, 4 columns and 1 query fill 29 of 32 registers; 10 loads feed 24 products.
  static constexpr std::size_t tile_columns = 4, tile_queries = 6;

  static I zero_ints() { return _mm512_setzero_si512(); }
  static I set(std::int32_t value) { return _mm512_set1_epi32(value); }
  static I load_ints(const std::byte* p) { return _mm512_loadu_si512(p); }
  static void store_ints(std::byte* p, I a) { _mm512_storeu_si512(p, a); }
  static I broadcast_pair(const std::int16_t* p) {
    std::int32_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return _mm512_set1_epi32(bits);
  }
  static I add(I a, I b) { return _mm512_add_epi32(a, b); }
  static I or_bits(I a, I b) { return _mm512_or_si512(a, b); }
  static I low_halves(I a) { return _mm512_and_si512(a, _mm512_set1_epi32(0xffff)); }
  static I to_high_halves(I a) { return _mm512_slli_epi32(a, 16); }
  /// 2 * width signed bytes as 16-bit numbers, times those of m.
  static I widen_scaled(const std::byte* p, I m) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_mullo_epi16(_mm512_cvtepi8_epi16(bytes), m);
  }
  /// A byte in each lane.
  static I load_bytes(const std::byte* p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }

  static F set(float value) { return _mm512_set1_ps(value); }
  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F mul_add(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  /// b where either is no number.
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F abs(F a) { return _mm512_abs_ps(a); }
  static F to_float(I a) { return _mm512_cvtepi32_ps(a); }
  /// To the nearest, ties to even; what is no number becomes the least integer.
  static I to_int(F a) { return _mm512_cvtps_epi32(a); }
  /// The float whose bits are a's, shifted left by 23.
  static F exponent_of(F a) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 23));
  }
  /// Lane i is a's where bit i is set, else b's.
  static F select(std::uint64_t bits, F a, F b) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), b, a);
  }
  static I keep(std::uint64_t bits, I a) {
    return _mm512_maskz_mov_epi32(static_cast<__mmask16>(bits), a);
  }
  static F copy_sign(F magnitude, F sign) {
    const F bit = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(magnitude, _mm512_and_ps(sign, bit));
  }
  /// 16 lanes as 16-bit numbers (those beyond become the nearest).
  static void store_strip(std::int16_t* p, const I (&a)[1]) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(a[0]));
  }
  /// The lanes of a, then those of b, as 16-bit numbers (those beyond become the nearest).
  static void store_halves(std::int16_t* p, I a, I b) {
    const I order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, _mm512_packs_epi32(a, b)));
  }

  /// Of 16 lanes: i and i + 8, then i + 4, i + 2, i + 1.
  static float reduce_add(const F (&a)[1]) {
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a[0]), _mm512_extractf32x8_ps(a[0], 1));
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
  static float reduce_max(const F (&a)[1]) {
    const __m256 by8 = _mm256_max_ps(_mm512_castps512_ps256(a[0]), _mm512_extractf32x8_ps(a[0], 1));
    const __m128 by4 = _mm_max_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_max_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_max_ss(by2, _mm_movehdup_ps(by2)));
  }
};

}  // namespace croft
