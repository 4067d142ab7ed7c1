#pragma once
/// The weight formats for NEON, as x86_formats.h has them: `decode` hands a block's values to
/// sink(i, V), 16 at a time in order. Offsets and bit positions: docs/formats/ggml_types.md.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/dequantize.h"

namespace croft {

template <typename S>
struct NeonFormats {
  using V = typename S::V;

  static uint8x16_t load16(const std::byte* p) {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  static std::uint32_t load_word(const std::byte* p) {
    std::uint32_t value;
    __builtin_memcpy(&value, p, sizeof(value));
    return value;
  }
  static uint8x16_t and_bytes(uint8x16_t a, std::uint8_t mask) {
    return vandq_u8(a, vdupq_n_u8(mask));
  }
  static uint8x16_t low_nibbles(uint8x16_t a) { return and_bytes(a, 15); }
  static uint8x16_t high_nibbles(uint8x16_t a) { return vshrq_n_u8(a, 4); }
  static uint8x16_t right(uint8x16_t a, int count) {
    return vshlq_u8(a, vdupq_n_s8(static_cast<std::int8_t>(-count)));
  }
  static int8x16_t less(uint8x16_t a, std::int8_t zero) {
    return vsubq_s8(vreinterpretq_s8_u8(a), vdupq_n_s8(zero));
  }
  /// scale * quant, and scale * quant + offset, rounded one by one.
  static V centred(float scale, int8x16_t q) { return S::scaled(scale, S::from_signed(q)); }
  static V affine(float scale, uint8x16_t q, float offset) {
    return S::add(S::scaled(scale, S::from_unsigned(q)), S::set1(offset));
  }
  static int8x16_t iq4(uint8x16_t q) { return vqtbl1q_s8(vld1q_s8(iq4_levels), q); }
  /// Byte i is 16 where bit i of the low 16 `bits` is set, else 0.
  static uint8x16_t fifth_bits(std::uint32_t bits) {
    const uint8x8_t bit = vcreate_u8(0x8040201008040201u);
    const uint8x16_t spread = vcombine_u8(vdup_n_u8(static_cast<std::uint8_t>(bits & 255u)),
                                          vdup_n_u8(static_cast<std::uint8_t>(bits >> 8 & 255u)));
    return and_bytes(vtstq_u8(spread, vcombine_u8(bit, bit)), 16);
  }

  struct Q4_0 {
    static constexpr std::size_t values = 32, bytes = 18;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b);
      const uint8x16_t packed = load16(b + 2);
      sink(0, centred(d, less(low_nibbles(packed), 8)));
      sink(1, centred(d, less(high_nibbles(packed), 8)));
    }
  };
  struct Q4_1 {
    static constexpr std::size_t values = 32, bytes = 20;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b), m = S::half(b + 2);
      const uint8x16_t packed = load16(b + 4);
      sink(0, affine(d, low_nibbles(packed), m));
      sink(1, affine(d, high_nibbles(packed), m));
    }
  };
  struct Q5_0 {
    static constexpr std::size_t values = 32, bytes = 22;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b);
      const std::uint32_t high = load_word(b + 2);
      const uint8x16_t packed = load16(b + 6);
      sink(0, centred(d, less(vorrq_u8(low_nibbles(packed), fifth_bits(high)), 16)));
      sink(1, centred(d, less(vorrq_u8(high_nibbles(packed), fifth_bits(high >> 16)), 16)));
    }
  };
  struct Q5_1 {
    static constexpr std::size_t values = 32, bytes = 24;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b), m = S::half(b + 2);
      const std::uint32_t high = load_word(b + 4);
      const uint8x16_t packed = load16(b + 8);
      sink(0, affine(d, vorrq_u8(low_nibbles(packed), fifth_bits(high)), m));
      sink(1, affine(d, vorrq_u8(high_nibbles(packed), fifth_bits(high >> 16)), m));
    }
  };
  struct Q8_0 {
    static constexpr std::size_t values = 32, bytes = 34;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b);
      sink(0, centred(d, vreinterpretq_s8_u8(load16(b + 2))));
      sink(1, centred(d, vreinterpretq_s8_u8(load16(b + 18))));
    }
  };
  struct IQ4_NL {
    static constexpr std::size_t values = 32, bytes = 18;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b);
      const uint8x16_t packed = load16(b + 2);
      sink(0, centred(d, iq4(low_nibbles(packed))));
      sink(1, centred(d, iq4(high_nibbles(packed))));
    }
  };

  /// Q4_K and Q5_K: scale[0..7] = d * 6-bit scale, scale[8..15] = -(dmin * 6-bit minimum).
  static void k_scales(const std::byte* b, float (&scale)[16]) {
    const std::uint32_t low = load_word(b + 4), mid = load_word(b + 8), high = load_word(b + 12);
    const std::uint32_t words[4] = {
        low & 0x3f3f3f3fu, (high & 0x0f0f0f0fu) | (low >> 2 & 0x30303030u), mid & 0x3f3f3f3fu,
        (high >> 4 & 0x0f0f0f0fu) | (mid >> 2 & 0x30303030u)};
    const V packed = S::from_unsigned(vreinterpretq_u8_u32(vld1q_u32(words)));
    const float32x4_t d = vdupq_n_f32(S::half(b)), minus_dmin = vdupq_n_f32(-S::half(b + 2));
    S::store(scale, S::mul(V{{d, d, minus_dmin, minus_dmin}}, packed));
  }
  /// `quants` are 8 groups of 32; `high` has the fifth bits of Q5_K.
  template <bool FifthBits, typename Sink>
  static void decode_q45_k(const std::byte* b, const std::byte* high, const std::byte* quants,
                           Sink&& sink) {
    float scale[16];
    k_scales(b, scale);
    for (std::size_t g = 0; g < 8; ++g)
      for (std::size_t half = 0; half < 2; ++half) {
        const uint8x16_t packed = load16(quants + g / 2 * 32 + 16 * half);
        uint8x16_t q = g % 2 == 0 ? low_nibbles(packed) : high_nibbles(packed);
        if constexpr (FifthBits) {
          const uint8x16_t bits = load16(high + 16 * half);
          const auto bit = static_cast<std::uint8_t>(1u << g);
          q = vorrq_u8(q, and_bytes(vtstq_u8(bits, vdupq_n_u8(bit)), 16));
        }
        sink(2 * g + half, affine(scale[g], q, scale[g + 8]));
      }
  }
  struct Q4_K {
    static constexpr std::size_t values = 256, bytes = 144;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      decode_q45_k<false>(b, b, b + 16, sink);
    }
  };
  struct Q5_K {
    static constexpr std::size_t values = 256, bytes = 176;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      decode_q45_k<true>(b, b + 16, b + 48, sink);
    }
  };

  struct Q6_K {
    static constexpr std::size_t values = 256, bytes = 210;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      S::store(scale, centred(S::half(b + 208), vreinterpretq_s8_u8(load16(b + 192))));
      for (std::size_t i = 0; i < 16; ++i) {
        const std::size_t half = i / 8, quarter = i % 8 / 2, at = i % 2 * 16;
        const uint8x16_t low = load16(b + half * 64 + quarter % 2 * 32 + at);
        const uint8x16_t q4 = quarter < 2 ? low_nibbles(low) : high_nibbles(low);
        const uint8x16_t high =
            right(load16(b + 128 + half * 32 + at), static_cast<int>(2 * quarter));
        const uint8x16_t q = vorrq_u8(q4, vshlq_n_u8(and_bytes(high, 3), 4));
        sink(i, centred(scale[i], less(q, 32)));
      }
    }
  };

  /// Two-bit quants of Q2_K and Q3_K, 16 from value 16 i on.
  static uint8x16_t two_bits(const std::byte* quants, std::size_t i) {
    const uint8x16_t packed = load16(quants + i / 8 * 32 + i % 2 * 16);
    return and_bytes(right(packed, static_cast<int>(i % 8 / 2 * 2)), 3);
  }
  struct Q2_K {
    static constexpr std::size_t values = 256, bytes = 84;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const uint8x16_t packed = load16(b);
      float step[16], offset[16];
      S::store(step, S::scaled(S::half(b + 80), S::from_unsigned(low_nibbles(packed))));
      S::store(offset, S::scaled(-S::half(b + 82), S::from_unsigned(high_nibbles(packed))));
      for (std::size_t i = 0; i < 16; ++i) sink(i, affine(step[i], two_bits(b + 16, i), offset[i]));
    }
  };
  struct Q3_K {
    static constexpr std::size_t values = 256, bytes = 110;
    /// The 16 6-bit scales, less 32: low nibbles in bytes 0-7, high two bits in bytes 8-11.
    static int8x16_t scales(const std::byte* b) {
      const std::uint32_t low = load_word(b), mid = load_word(b + 4), high = load_word(b + 8);
      const auto word = [&](std::uint32_t low4, int shift) {
        return (low4 & 0x0f0f0f0fu) | (high >> shift & 0x03030303u) << 4;
      };
      const std::uint32_t words[4] = {word(low, 0), word(mid, 2), word(low >> 4, 4),
                                      word(mid >> 4, 6)};
      return less(vreinterpretq_u8_u32(vld1q_u32(words)), 32);
    }
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      float scale[16];
      S::store(scale, centred(S::half(b + 108), scales(b + 96)));
      for (std::size_t i = 0; i < 16; ++i) {
        const auto bit = static_cast<std::uint8_t>(1u << (i / 2));
        const uint8x16_t set = vtstq_u8(load16(b + i % 2 * 16), vdupq_n_u8(bit));
        const uint8x16_t four = vbicq_u8(vdupq_n_u8(4), set);
        const uint8x16_t q = vsubq_u8(two_bits(b + 32, i), four);
        sink(i, centred(scale[i], vreinterpretq_s8_u8(q)));
      }
    }
  };

  struct IQ4_XS {
    static constexpr std::size_t values = 256, bytes = 136;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      const float d = S::half(b);
      const std::uint32_t high = load_word(b) >> 16, low = load_word(b + 4);
      for (std::uint32_t g = 0; g < 8; ++g) {
        const std::uint32_t six = (low >> (4 * g) & 15u) | (high >> (2 * g) & 3u) << 4;
        const float step = d * static_cast<float>(static_cast<int>(six) - 32);
        const uint8x16_t packed = load16(b + 8 + g * 16);
        sink(std::size_t{2} * g, centred(step, iq4(low_nibbles(packed))));
        sink(std::size_t{2} * g + 1, centred(step, iq4(high_nibbles(packed))));
      }
    }
  };

  // Plain element types: a block of 16 that a row may cut short.
  struct F32 {
    static constexpr std::size_t values = 16, bytes = 64;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::map([&](int i) { return vreinterpretq_f32_u8(load16(b + 16 * i)); }));
    }
  };
  struct F16 {
    static constexpr std::size_t values = 16, bytes = 32;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::map([&](int i) {
             const auto* four = reinterpret_cast<const std::uint8_t*>(b + 8 * i);
             return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(four)));
           }));
    }
  };
  struct BF16 {
    static constexpr std::size_t values = 16, bytes = 32;
    template <typename Sink>
    static void decode(const std::byte* b, Sink&& sink) {
      sink(0, S::map([&](int i) {
             const auto* four = reinterpret_cast<const std::uint8_t*>(b + 8 * i);
             const uint16x4_t bits = vreinterpret_u16_u8(vld1_u8(four));
             return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
           }));
    }
  };
};

}  // namespace croft
