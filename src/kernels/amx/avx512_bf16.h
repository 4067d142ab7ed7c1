#pragma once
/// Rounding to bfloat16 with AVX-512 BF16, which every processor with tiles has. Bits as
/// PortableBf16 (bf16_products.h) makes them.

#include <immintrin.h>

#include <cstddef>

namespace croft {

template <typename Tag>
struct Avx512Bf16 {
  [[gnu::always_inline]] static __m512i round(__m512 low, __m512 high) {
    const __m512bh rounded = _mm512_cvtne2ps_pbh(high, low);
    __m512i out;
    __builtin_memcpy(&out, &rounded, sizeof(out));
    return out;
  }
  /// A word of each lane: `even` in its lower half, `odd` in its upper half.
  [[gnu::always_inline]] static __m512i pairs(__m512 even, __m512 odd) {
    alignas(64) static constexpr short order[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                    21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                    11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return _mm512_permutexvar_epi16(_mm512_load_si512(order), round(even, odd));
  }
  static void block(const float* x, std::byte* out) {
    _mm512_storeu_si512(out, round(_mm512_loadu_ps(x), _mm512_loadu_ps(x + 16)));
  }
};

}  // namespace croft
