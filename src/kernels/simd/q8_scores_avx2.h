#pragma once
/// Eight keys in one AVX2 register, for Q8Scores. Included by isa_avx2.cpp only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace croft {

struct Avx2KeyLanes {
  using Ints = __m256i;
  using Floats = __m256;
  static constexpr std::size_t lanes = 8;

  static Ints set1(int value) { return _mm256_set1_epi32(value); }
  static Floats set1(float value) { return _mm256_set1_ps(value); }
  static Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats to_float(Ints a) { return _mm256_cvtepi32_ps(a); }
  static Floats load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Floats a) { _mm256_storeu_ps(p, a); }

  /// sum + a0 * b0 + a1 * b1 over the 16-bit halves of each lane.
  static Ints add_products(Ints sum, Ints a, Ints b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
  }

  /// The binary16 number at each offset.
  static Floats gather_halves(const std::byte* base, const std::int32_t (&offsets)[lanes]) {
    const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(offsets));
    const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(base), at, 1);
    const __m256i low = _mm256_and_si256(words, _mm256_set1_epi32(0xffff));
    return _mm256_cvtph_ps(
        _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
  }

  static __m128i load16(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }

  /// Elements 4d..4d+3 of key i come to lane i: the even ones of out[2d], the odd ones of
  /// out[2d + 1].
  static void load_turned(const std::byte* base, const std::int32_t (&offsets)[lanes],
                          Ints (&out)[16]) {
    for (std::size_t half = 0; half < 2; ++half) {
      Ints rows[4];  // keys i and i + 4, 16 bytes each
      for (std::size_t i = 0; i < 4; ++i)
        rows[i] = _mm256_set_m128i(load16(base + offsets[i + 4] + 16 * half),
                                   load16(base + offsets[i] + 16 * half));
      const Ints a = _mm256_unpacklo_epi32(rows[0], rows[1]);
      const Ints b = _mm256_unpackhi_epi32(rows[0], rows[1]);
      const Ints c = _mm256_unpacklo_epi32(rows[2], rows[3]);
      const Ints d = _mm256_unpackhi_epi32(rows[2], rows[3]);
      const Ints turned[4] = {_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c),
                              _mm256_unpacklo_epi64(b, d), _mm256_unpackhi_epi64(b, d)};
      for (std::size_t i = 0; i < 4; ++i) {
        out[8 * half + 2 * i] = _mm256_srai_epi16(_mm256_slli_epi16(turned[i], 8), 8);
        out[8 * half + 2 * i + 1] = _mm256_srai_epi16(turned[i], 8);
      }
    }
  }
};

}  // namespace croft
