#pragma once
/// The weight formats in packed layout (packed_layout.h), for any backend of lanes.
///
/// `read` takes one record apart and hands each block of 32 inputs to sink(block, weights, scales,
/// minima): weights[s] holds inputs 4s..4s+3 of every row, as unsigned numbers below 2^bits whose
/// zero is 2^zero_shift (zero_shift 0: zero is 0), or as signed bytes where bits == 8. With two
/// groups, scales[0] belongs to weights[0..3] and scales[1] to the rest. value = scale * quant +
/// minimum.

#include <cstddef>
#include <cstdint>

#include "base/tensor_type.h"
#include "kernels/dequantize.h"

#define CROFT_INLINE inline __attribute__((always_inline))

namespace croft {

template <typename L>
struct PackedFormats {
  using I = typename L::I;
  using F = typename L::F;

  /// Where a backend's lanes find their part of a record.
  struct Record {
    const std::byte* halves;
    const std::byte* words;

    [[nodiscard]] CROFT_INLINE F half(std::size_t i) const {
      return L::load_halves(halves + 32 * i);
    }
    [[nodiscard]] CROFT_INLINE I word(std::size_t i) const { return L::load(words + 64 * i); }
  };

  static CROFT_INLINE I nibble(I a, std::size_t high) {
    return L::and_bytes(high != 0 ? L::right(a, 4) : a, 15);
  }
  /// Bits `bit`, bit + 1, .. under `mask` of every byte, moved to bit 4.
  static CROFT_INLINE I bits_at_4(I a, unsigned bit, int mask) {
    return L::and_bytes(bit > 4 ? L::right(a, bit - 4) : L::left(a, 4 - bit), mask << 4);
  }

  template <unsigned Bits, unsigned ZeroShift, std::size_t Groups, bool Minimum, std::size_t Values,
            std::size_t Halves, std::size_t Words>
  struct Base {
    static constexpr unsigned bits = Bits, zero_shift = ZeroShift;
    static constexpr std::size_t groups = Groups, values = Values, halves = Halves, words = Words;
    static constexpr bool has_minimum = Minimum;
    static constexpr std::size_t blocks = Values / 32;
    static constexpr std::size_t record_bytes = 32 * Halves + 64 * Words;
  };

  /// The 32-value formats with 4-bit quants after `At` words.
  template <std::size_t At>
  static CROFT_INLINE void read_nibbles(const Record& r, I* weights) {
    for (std::size_t s = 0; s < 4; ++s) {
      const I packed = r.word(At + s);
      weights[s] = nibble(packed, 0);
      weights[4 + s] = nibble(packed, 1);
    }
  }
  static CROFT_INLINE void add_fifth_bits(const Record& r, I* weights) {
    const I bits = r.word(0);
    for (unsigned s = 0; s < 8; ++s) weights[s] = L::or_bits(weights[s], bits_at_4(bits, s, 1));
  }

  struct Q4_0 : Base<4, 3, 1, false, 32, 1, 4> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      read_nibbles<0>(r, weights);
      const F scale = r.half(0);
      sink(0, weights, &scale, &scale);
    }
  };
  struct Q4_1 : Base<4, 0, 1, true, 32, 2, 4> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      read_nibbles<0>(r, weights);
      const F scale = r.half(0);
      const F minimum = r.half(1);
      sink(0, weights, &scale, &minimum);
    }
  };
  struct Q5_0 : Base<5, 4, 1, false, 32, 1, 5> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      read_nibbles<1>(r, weights);
      add_fifth_bits(r, weights);
      const F scale = r.half(0);
      sink(0, weights, &scale, &scale);
    }
  };
  struct Q5_1 : Base<5, 0, 1, true, 32, 2, 5> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      read_nibbles<1>(r, weights);
      add_fifth_bits(r, weights);
      const F scale = r.half(0);
      const F minimum = r.half(1);
      sink(0, weights, &scale, &minimum);
    }
  };
  struct Q8_0 : Base<8, 0, 1, false, 32, 1, 8> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      for (std::size_t s = 0; s < 8; ++s) weights[s] = r.word(s);
      const F scale = r.half(0);
      sink(0, weights, &scale, &scale);
    }
  };
  struct IQ4_NL : Base<8, 0, 1, false, 32, 1, 4> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      I weights[8];
      read_nibbles<0>(r, weights);
      for (I& w : weights) w = L::look_up(iq4_levels, w);
      const F scale = r.half(0);
      sink(0, weights, &scale, &scale);
    }
  };

  /// Words as four packed bytes per row: number i of a run that begins at `words`.
  static CROFT_INLINE F byte_value(const I* words, std::size_t i) {
    const auto shift = static_cast<unsigned>(i % 4 * 8);
    const I word = words[i / 4];
    return L::to_float(shift == 24 ? L::right(word, 24) : L::and_words(L::right(word, shift), 255));
  }
  static CROFT_INLINE F signed_value(const I* words, std::size_t i) {
    return L::to_float(L::signed_byte(words[i / 4], static_cast<unsigned>(i % 4)));
  }

  /// Q4_K and Q5_K share all but the fifth bits.
  template <bool FifthBits, typename Sink>
  static CROFT_INLINE void read_q45_k(const Record& r, Sink&& sink) {
    constexpr std::size_t quants = FifthBits ? 11 : 3;
    const F step = r.half(0);
    const F minimum_step = L::negate(r.half(1));
    const I a = r.word(0);
    const I b = r.word(1);
    const I c = r.word(2);
    const I scales[2] = {L::and_bytes(a, 63),
                         L::or_bits(L::and_bytes(c, 15), L::and_bytes(L::right(a, 2), 48))};
    const I minima[2] = {L::and_bytes(b, 63), L::or_bits(L::and_bytes(L::right(c, 4), 15),
                                                         L::and_bytes(L::right(b, 2), 48))};
#pragma GCC unroll 8
    for (std::size_t g = 0; g < 8; ++g) {
      I weights[8];
      for (std::size_t s = 0; s < 8; ++s) {
        weights[s] = nibble(r.word(quants + g / 2 * 8 + s), g % 2);
        if constexpr (FifthBits)
          weights[s] =
              L::or_bits(weights[s], bits_at_4(r.word(3 + s), static_cast<unsigned>(g), 1));
      }
      const F scale = L::mul(step, byte_value(scales, g));
      const F minimum = L::mul(minimum_step, byte_value(minima, g));
      sink(g, weights, &scale, &minimum);
    }
  }
  struct Q4_K : Base<4, 0, 1, true, 256, 2, 35> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      read_q45_k<false>(r, sink);
    }
  };
  struct Q5_K : Base<5, 0, 1, true, 256, 2, 43> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      read_q45_k<true>(r, sink);
    }
  };

  struct Q6_K : Base<6, 5, 2, false, 256, 1, 52> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      const F step = r.half(0);
      const I scale_words[4] = {r.word(48), r.word(49), r.word(50), r.word(51)};
#pragma GCC unroll 8
      for (std::size_t g = 0; g < 8; ++g) {
        const std::size_t half = g / 4, quarter = g % 4;
        I weights[8];
        for (std::size_t s = 0; s < 8; ++s) {
          const I low = nibble(r.word(half * 16 + quarter % 2 * 8 + s), quarter / 2);
          const I high = r.word(32 + half * 8 + s);
          weights[s] = L::or_bits(low, bits_at_4(high, static_cast<unsigned>(2 * quarter), 3));
        }
        const F scales[2] = {L::mul(step, signed_value(scale_words, 2 * g)),
                             L::mul(step, signed_value(scale_words, 2 * g + 1))};
        sink(g, weights, scales, scales);
      }
    }
  };

  struct Q2_K : Base<2, 0, 2, true, 256, 2, 20> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      const F step = r.half(0);
      const F minimum_step = L::negate(r.half(1));
#pragma GCC unroll 8
      for (std::size_t g = 0; g < 8; ++g) {
        I weights[8];
        for (std::size_t s = 0; s < 8; ++s)
          weights[s] = L::and_bytes(
              L::right(r.word(4 + g / 4 * 8 + s), static_cast<unsigned>(g % 4 * 2)), 3);
        const I packed = r.word(g / 2);
        const I low = nibble(packed, 0);
        const I high = nibble(packed, 1);
        const std::size_t at = g % 2 * 2;
        const F scales[2] = {L::mul(step, byte_value(&low, at)),
                             L::mul(step, byte_value(&low, at + 1))};
        const F minima[2] = {L::mul(minimum_step, byte_value(&high, at)),
                             L::mul(minimum_step, byte_value(&high, at + 1))};
        sink(g, weights, scales, minima);
      }
    }
  };

  struct Q3_K : Base<3, 2, 2, false, 256, 1, 27> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      const F step = r.half(0);
      const I a = r.word(24);
      const I b = r.word(25);
      const I c = r.word(26);
      const auto high = [&](unsigned shift) {
        return L::left(L::and_bytes(L::right(c, shift), 3), 4);
      };
      // 6 bits whose zero is 32, as signed bytes.
      const I scale_words[4] = {L::add_bytes(L::or_bits(nibble(a, 0), high(0)), -32),
                                L::add_bytes(L::or_bits(nibble(b, 0), high(2)), -32),
                                L::add_bytes(L::or_bits(nibble(a, 1), high(4)), -32),
                                L::add_bytes(L::or_bits(nibble(b, 1), high(6)), -32)};
#pragma GCC unroll 8
      for (std::size_t g = 0; g < 8; ++g) {
        I weights[8];
        for (std::size_t s = 0; s < 8; ++s) {
          const I low = L::and_bytes(
              L::right(r.word(8 + g / 4 * 8 + s), static_cast<unsigned>(g % 4 * 2)), 3);
          const I third = r.word(s);
          weights[s] =
              L::or_bits(low, L::and_bytes(g > 2 ? L::right(third, static_cast<unsigned>(g - 2))
                                                 : L::left(third, static_cast<unsigned>(2 - g)),
                                           4));
        }
        const F scales[2] = {L::mul(step, signed_value(scale_words, 2 * g)),
                             L::mul(step, signed_value(scale_words, 2 * g + 1))};
        sink(g, weights, scales, scales);
      }
    }
  };

  struct IQ4_XS : Base<8, 0, 1, false, 256, 2, 33> {
    template <typename Sink>
    static CROFT_INLINE void read(const Record& r, Sink&& sink) {
      const F step = r.half(0);
      const I high = L::load_half_words(r.halves + 32);
      const I low = r.word(0);
#pragma GCC unroll 8
      for (std::size_t g = 0; g < 8; ++g) {
        I weights[8];
        read_nibbles_at(r, 1 + 4 * g, weights);
        for (I& w : weights) w = L::look_up(iq4_levels, w);
        const auto shift = static_cast<unsigned>(g);
        const I low4 = L::and_words(L::right(low, 4 * shift), 15);
        const I high2 = L::left(L::and_words(L::right(high, 2 * shift), 3), 4);
        const F scale =
            L::mul(step, L::to_float(L::sub_words(L::or_bits(low4, high2), L::set(32))));
        sink(g, weights, &scale, &scale);
      }
    }
    static CROFT_INLINE void read_nibbles_at(const Record& r, std::size_t at, I* weights) {
      for (std::size_t s = 0; s < 4; ++s) {
        const I packed = r.word(at + s);
        weights[s] = nibble(packed, 0);
        weights[4 + s] = nibble(packed, 1);
      }
    }
  };

  /// Calls function with a value of the format's type. Requires: packed_format(type).
  template <typename Function>
  static void with_format(TensorType type, Function function) {
    switch (type) {
      case TensorType::Q4_0:
        return function(Q4_0{});
      case TensorType::Q4_1:
        return function(Q4_1{});
      case TensorType::Q5_0:
        return function(Q5_0{});
      case TensorType::Q5_1:
        return function(Q5_1{});
      case TensorType::Q8_0:
        return function(Q8_0{});
      case TensorType::Q2_K:
        return function(Q2_K{});
      case TensorType::Q3_K:
        return function(Q3_K{});
      case TensorType::Q4_K:
        return function(Q4_K{});
      case TensorType::Q5_K:
        return function(Q5_K{});
      case TensorType::Q6_K:
        return function(Q6_K{});
      case TensorType::IQ4_NL:
        return function(IQ4_NL{});
      case TensorType::IQ4_XS:
        return function(IQ4_XS{});
      case TensorType::F32:
      case TensorType::F16:
      case TensorType::BF16:
        return;
    }
  }
};

}  // namespace croft
