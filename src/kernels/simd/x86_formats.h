#pragma once
/// The weight formats for x86 backends. A format is a struct with its block's size and `decode`,
/// which hands the block's values to sink(i, V), 16 at a time in order: one decoder serves both
/// dequantization and fused products.
///
/// Offsets and bit positions: docs/formats/ggml_types.md. Everything is a member of a template over
/// the backend, so that no function compiled here for one instruction set can stand in for
/// another's at link time.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace croft {

template <typename S>
struct X86Formats {
  using V = typename S::V;

  static __m128i load16(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m256i load32(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static std::uint32_t load_word(const std::byte* p) {
    std::uint32_t value;
    __builtin_memcpy(&value, p, sizeof(value));
    return value;
  }
  static V negate(V a) { return S::sub(S::set1(-0.0f), a); }
  static __m128i low16(__m256i a) { return _mm256_castsi256_si128(a); }
  static __m128i high16(__m256i a) { return _mm256_extracti128_si256(a, 1); }
  static __m256i and_bytes(__m256i a, int mask) {
    return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask)));
  }
  /// 16 packed bytes as 32 quants of 4 bits: low nibbles first.
  static __m256i nibbles(__m128i packed) {
    return and_bytes(_mm256_set_m128i(_mm_srli_epi16(packed, 4), packed), 15);
  }
  /// The low nibbles (shift 0) or high nibbles (shift 4) of 32 bytes.
  template <int Shift>
  static __m256i nibbles(__m256i packed) {
    return and_bytes(_mm256_srli_epi16(packed, Shift), 15);
  }
  /// The 16 levels of the IQ4 formats, as dequantize.h has them.
  static __m128i iq4_table() {
    return _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
  }

  /// 16 packed bytes through 16 levels.
  template <typename Levels, typename Sink>
  static void look_up_block(const std::byte* packed, const Levels& levels, Sink&& sink,
                            std::size_t at) {
    const auto q = S::widen(load16(packed));
    sink(at, S::look_up(levels, q));
    sink(at + 1, S::look_up(levels, S::high_nibbles(q)));
  }

  struct Q4_0 {
    static constexpr std::size_t values = 32, bytes = 18;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      look_up_block(b + 2, S::centred_levels(S::half(b)), sink, 0);
    }
  };

  struct Q4_1 {
    static constexpr std::size_t values = 32, bytes = 20;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      look_up_block(b + 4, S::affine_levels(S::half(b), S::half(b + 2)), sink, 0);
    }
  };

  struct IQ4_NL {
    static constexpr std::size_t values = 32, bytes = 18;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      look_up_block(b + 2, S::table_levels(S::half(b), iq4_table()), sink, 0);
    }
  };

  struct Q5_0 {
    static constexpr std::size_t values = 32, bytes = 22;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const V d = S::half(b);
      const __m256i q5 = _mm256_or_si256(nibbles(load16(b + 6)), S::fifth_bits(load_word(b + 2)));
      const __m256i q = _mm256_sub_epi8(q5, _mm256_set1_epi8(16));
      sink(0, S::mul(d, S::from_signed(low16(q))));
      sink(1, S::mul(d, S::from_signed(high16(q))));
    }
  };

  struct Q5_1 {
    static constexpr std::size_t values = 32, bytes = 24;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const V d = S::half(b), m = S::half(b + 2);
      const __m256i q = _mm256_or_si256(nibbles(load16(b + 8)), S::fifth_bits(load_word(b + 4)));
      sink(0, S::add(S::mul(d, S::from_unsigned(low16(q))), m));
      sink(1, S::add(S::mul(d, S::from_unsigned(high16(q))), m));
    }
  };

  struct Q8_0 {
    static constexpr std::size_t values = 32, bytes = 34;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const V d = S::half(b);
      sink(0, S::mul(d, S::from_signed(load16(b + 2))));
      sink(1, S::mul(d, S::from_signed(load16(b + 18))));
    }
  };

  /// scale[0..7] = d * 6-bit scale, scale[8..15] = -(dmin * 6-bit minimum) of the 8 groups of Q4_K
  /// and Q5_K.
  static void k_scales(const std::byte* b, float (&scale)[16]) {
    const std::uint32_t low = load_word(b + 4), mid = load_word(b + 8), high = load_word(b + 12);
    const auto word = [](std::uint32_t value) { return static_cast<int>(value); };
    const __m128i packed = _mm_setr_epi32(
        word(low & 0x3f3f3f3fu), word((high & 0x0f0f0f0fu) | (low >> 2 & 0x30303030u)),
        word(mid & 0x3f3f3f3fu), word((high >> 4 & 0x0f0f0f0fu) | (mid >> 2 & 0x30303030u)));
    const V units = S::join_halves(S::half(b), negate(S::half(b + 2)));
    S::store(scale, S::mul(units, S::from_unsigned(packed)));
  }

  struct Q4_K {
    static constexpr std::size_t values = 256, bytes = 144;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      k_scales(b, scale);
      for (std::size_t g = 0; g < 8; g += 2) {
        const std::byte* packed = b + 16 + g * 16;
        const auto first = S::widen(load16(packed)), second = S::widen(load16(packed + 16));
        const auto low = S::affine_levels(S::set1(scale[g]), S::set1(scale[g + 8]));
        sink(2 * g, S::look_up(low, first));
        sink(2 * g + 1, S::look_up(low, second));
        const auto high = S::affine_levels(S::set1(scale[g + 1]), S::set1(scale[g + 9]));
        sink(2 * g + 2, S::look_up(high, S::high_nibbles(first)));
        sink(2 * g + 3, S::look_up(high, S::high_nibbles(second)));
      }
    }
  };

  struct Q5_K {
    static constexpr std::size_t values = 256, bytes = 176;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      k_scales(b, scale);
      const __m256i high = load32(b + 16);
      const auto group = [&](std::size_t g, __m256i q4) {
        const __m256i bit = _mm256_set1_epi8(static_cast<char>(1u << g));
        const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(high, bit), bit);
        const __m256i q = _mm256_or_si256(q4, and_bytes(set, 16));
        const V step = S::set1(scale[g]), offset = S::set1(scale[g + 8]);
        sink(2 * g, S::add(S::mul(step, S::from_unsigned(low16(q))), offset));
        sink(2 * g + 1, S::add(S::mul(step, S::from_unsigned(high16(q))), offset));
      };
      for (std::size_t g = 0; g < 8; g += 2) {
        const __m256i packed = load32(b + 48 + g * 16);
        group(g, nibbles<0>(packed));
        group(g + 1, nibbles<4>(packed));
      }
    }
  };

  struct Q6_K {
    static constexpr std::size_t values = 256, bytes = 210;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      S::store(scale, S::mul(S::half(b + 208), S::from_signed(load16(b + 192))));
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i first = load32(b + half * 64), second = load32(b + half * 64 + 32);
        const __m256i high = load32(b + 128 + half * 32);
        const auto quarter = [&](std::size_t at, __m256i q4, __m256i high_at_bit4) {
          const __m256i q6 = _mm256_or_si256(q4, and_bytes(high_at_bit4, 0x30));
          const __m256i q = _mm256_sub_epi8(q6, _mm256_set1_epi8(32));
          sink(at, S::mul(S::set1(scale[at]), S::from_signed(low16(q))));
          sink(at + 1, S::mul(S::set1(scale[at + 1]), S::from_signed(high16(q))));
        };
        quarter(half * 8, nibbles<0>(first), _mm256_slli_epi16(high, 4));
        quarter(half * 8 + 2, nibbles<0>(second), _mm256_slli_epi16(high, 2));
        quarter(half * 8 + 4, nibbles<4>(first), high);
        quarter(half * 8 + 6, nibbles<4>(second), _mm256_srli_epi16(high, 2));
      }
    }
  };

  struct Q2_K {
    static constexpr std::size_t values = 256, bytes = 84;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const __m256i packed = nibbles(load16(b));
      float step[16], offset[16];
      S::store(step, S::mul(S::half(b + 80), S::from_unsigned(low16(packed))));
      S::store(offset, S::mul(negate(S::half(b + 82)), S::from_unsigned(high16(packed))));
      const auto pair = [&](std::size_t at, __m256i quants) {
        const __m256i q = and_bytes(quants, 3);
        const auto value = [&](std::size_t i, __m128i bytes) {
          sink(i, S::add(S::mul(S::set1(step[i]), S::from_unsigned(bytes)), S::set1(offset[i])));
        };
        value(at, low16(q));
        value(at + 1, high16(q));
      };
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i quants = load32(b + 16 + half * 32);
        pair(half * 8, quants);
        pair(half * 8 + 2, _mm256_srli_epi16(quants, 2));
        pair(half * 8 + 4, _mm256_srli_epi16(quants, 4));
        pair(half * 8 + 6, _mm256_srli_epi16(quants, 6));
      }
    }
  };

  struct Q3_K {
    static constexpr std::size_t values = 256, bytes = 110;
    /// The 16 6-bit scales, less 32: low nibbles in bytes 0-7, high two bits in bytes 8-11.
    static __m128i scales(const std::byte* b) {
      const std::uint32_t low = load_word(b), mid = load_word(b + 4), high = load_word(b + 8);
      const auto word = [&](std::uint32_t low4, int shift) {
        return static_cast<int>((low4 & 0x0f0f0f0fu) | ((high >> shift & 0x03030303u) << 4));
      };
      const __m128i six =
          _mm_setr_epi32(word(low, 0), word(mid, 2), word(low >> 4, 4), word(mid >> 4, 6));
      return _mm_sub_epi8(six, _mm_set1_epi8(32));
    }
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      S::store(scale, S::mul(S::half(b + 108), S::from_signed(scales(b + 96))));
      const __m256i high = load32(b);
      const auto pair = [&](std::size_t at, __m256i quants) {
        const __m256i bit = _mm256_set1_epi8(static_cast<char>(1u << (at / 2)));
        const __m256i clear =
            _mm256_cmpeq_epi8(_mm256_and_si256(high, bit), _mm256_setzero_si256());
        const __m256i q = _mm256_sub_epi8(and_bytes(quants, 3), and_bytes(clear, 4));
        sink(at, S::mul(S::set1(scale[at]), S::from_signed(low16(q))));
        sink(at + 1, S::mul(S::set1(scale[at + 1]), S::from_signed(high16(q))));
      };
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i quants = load32(b + 32 + half * 32);
        pair(half * 8, quants);
        pair(half * 8 + 2, _mm256_srli_epi16(quants, 2));
        pair(half * 8 + 4, _mm256_srli_epi16(quants, 4));
        pair(half * 8 + 6, _mm256_srli_epi16(quants, 6));
      }
    }
  };

  struct IQ4_XS {
    static constexpr std::size_t values = 256, bytes = 136;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const V d = S::half(b);
      const std::uint32_t high = load_word(b) >> 16, low = load_word(b + 4);
      for (std::uint32_t g = 0; g < 8; ++g) {
        const std::uint32_t six = (low >> (4 * g) & 15u) | (high >> (2 * g) & 3u) << 4;
        const V step = S::mul(d, S::set1(static_cast<float>(static_cast<int>(six) - 32)));
        look_up_block(b + 8 + g * 16, S::table_levels(step, iq4_table()), sink, std::size_t{2} * g);
      }
    }
  };

  // Plain element types: a block of 16 that a row may cut short.
  struct F32 {
    static constexpr std::size_t values = 16, bytes = 64;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::load(reinterpret_cast<const float*>(b)));
    }
  };
  struct F16 {
    static constexpr std::size_t values = 16, bytes = 32;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::halves(load32(b)));
    }
  };
  struct BF16 {
    static constexpr std::size_t values = 16, bytes = 32;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::brain_halves(load32(b)));
    }
  };
};

}  // namespace croft
