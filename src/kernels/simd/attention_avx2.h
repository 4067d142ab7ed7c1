#pragma once
/// Eight lanes in one AVX2 register, for simd/attention.h. Members as in attention_avx512.h.
/// Included by isa_avx2.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace croft {

struct Avx2AttentionLanes {
  using I = __m256i;
  using F = __m256;
  static constexpr std::size_t width = 8;
  /// 8 sums, 2 columns, a query and a product fill 12 of 16 registers.
  static constexpr std::size_t tile_columns = 2, tile_queries = 4;

  static I zero_ints() { return _mm256_setzero_si256(); }
  static I set(std::int32_t value) { return _mm256_set1_epi32(value); }
  static I load_ints(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store_ints(std::byte* p, I a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
  }
  static I broadcast_pair(const std::int16_t* p) {
    std::int32_t bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return _mm256_set1_epi32(bits);
  }
  static I add_products(I sum, I a, I b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
  static I add(I a, I b) { return _mm256_add_epi32(a, b); }
  static I or_bits(I a, I b) { return _mm256_or_si256(a, b); }
  static I low_halves(I a) { return _mm256_and_si256(a, _mm256_set1_epi32(0xffff)); }
  static I to_high_halves(I a) { return _mm256_slli_epi32(a, 16); }
  static I widen_scaled(const std::byte* p, I m) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_mullo_epi16(_mm256_cvtepi8_epi16(bytes), m);
  }
  static I load_bytes(const std::byte* p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }

  static F set(float value) { return _mm256_set1_ps(value); }
  static F load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, F a) { _mm256_storeu_ps(p, a); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) { return _mm256_div_ps(a, b); }
  static F mul_add(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static F min(F a, F b) { return _mm256_min_ps(a, b); }
  static F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static F to_float(I a) { return _mm256_cvtepi32_ps(a); }
  static I to_int(F a) { return _mm256_cvtps_epi32(a); }
  static F exponent_of(F a) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23));
  }
  /// All ones in the lanes whose bit is set.
  static I mask(std::uint64_t bits) {
    const I bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_cmpeq_epi32(
        _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits & 255)), bit), bit);
  }
  static F select(std::uint64_t bits, F a, F b) {
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask(bits)));
  }
  static I keep(std::uint64_t bits, I a) { return _mm256_and_si256(mask(bits), a); }
  static F copy_sign(F magnitude, F sign) {
    return _mm256_or_ps(magnitude, _mm256_and_ps(sign, _mm256_set1_ps(-0.0f)));
  }
  static void store_strip(std::int16_t* p, const I (&a)[2]) { store_halves(p, a[0], a[1]); }
  static void store_halves(std::int16_t* p, I a, I b) {
    const I packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), packed);
  }

  static float reduce_add(const F (&a)[2]) {
    const __m256 by8 = _mm256_add_ps(a[0], a[1]);
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
  static float reduce_max(const F (&a)[2]) {
    const __m256 by8 = _mm256_max_ps(a[0], a[1]);
    const __m128 by4 = _mm_max_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_max_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_max_ss(by2, _mm_movehdup_ps(by2)));
  }
};

}  // namespace croft
