#pragma once
/// Sixteen keys in one AVX-512 register, for Q8Scores. Included by isa_avx512.cpp and
/// isa_avx512vnni.cpp, which differ in `Products` only.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace croft {

/// `Products::add_products(sum, a, b)` is sum + a0 * b0 + a1 * b1 over the 16-bit halves of a lane.
template <typename Products>
struct Avx512KeyLanes : Products {
  using Ints = __m512i;
  using Floats = __m512;
  static constexpr std::size_t lanes = 16;

  static Ints set1(int value) { return _mm512_set1_epi32(value); }
  static Floats set1(float value) { return _mm512_set1_ps(value); }
  static Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats to_float(Ints a) { return _mm512_cvtepi32_ps(a); }
  static Floats load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Floats a) { _mm512_storeu_ps(p, a); }

  /// The binary16 number at each offset.
  static Floats gather_halves(const std::byte* base, const std::int32_t (&offsets)[lanes]) {
    const __m512i words = _mm512_i32gather_epi32(_mm512_loadu_si512(offsets), base, 1);
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
  }

  static __m256i load32(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }

  /// Elements 4d..4d+3 of key i come to lane i: the even ones of out[2d], the odd ones of
  /// out[2d + 1].
  static void load_turned(const std::byte* base, const std::int32_t (&offsets)[lanes],
                          Ints (&out)[16]) {
    // turned[g][d]: 128-bit lanes hold elements 4d.. and 16 + 4d.. of keys 8g..8g+3, then of keys
    // 8g+4..8g+7.
    Ints turned[2][4];
    for (std::size_t g = 0; g < 2; ++g) {
      Ints rows[4];
      for (std::size_t i = 0; i < 4; ++i)
        rows[i] = _mm512_inserti64x4(_mm512_castsi256_si512(load32(base + offsets[8 * g + i])),
                                     load32(base + offsets[8 * g + i + 4]), 1);
      const Ints a = _mm512_unpacklo_epi32(rows[0], rows[1]);
      const Ints b = _mm512_unpackhi_epi32(rows[0], rows[1]);
      const Ints c = _mm512_unpacklo_epi32(rows[2], rows[3]);
      const Ints d = _mm512_unpackhi_epi32(rows[2], rows[3]);
      turned[g][0] = _mm512_unpacklo_epi64(a, c);
      turned[g][1] = _mm512_unpackhi_epi64(a, c);
      turned[g][2] = _mm512_unpacklo_epi64(b, d);
      turned[g][3] = _mm512_unpackhi_epi64(b, d);
    }
    for (std::size_t d = 0; d < 4; ++d) {
      widen(_mm512_shuffle_i32x4(turned[0][d], turned[1][d], 0x88), out + 2 * d);
      widen(_mm512_shuffle_i32x4(turned[0][d], turned[1][d], 0xdd), out + 8 + 2 * d);
    }
  }

  static void widen(Ints bytes, Ints* out) {
    out[0] = _mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8);
    out[1] = _mm512_srai_epi16(bytes, 8);
  }
};

}  // namespace croft
