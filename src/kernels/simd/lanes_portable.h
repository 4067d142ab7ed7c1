#pragma once
/// Sixteen 32-bit lanes in plain C++ for products with packed weights: the reference of all
/// backends. Members as in lanes_avx512.h.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"

namespace croft {

struct PortableLanes {
  struct I {
    std::uint32_t lane[16];
  };
  struct F {
    float lane[16];
  };
  static constexpr std::size_t width = 16;
  static constexpr std::size_t rows_max = 4;
  static constexpr std::size_t rows_together = 1;
  static constexpr std::size_t tile_strips = 1, tile_rows = 4;
  static constexpr std::size_t wide_shift = 0;
  /// Sums need no bias here: an integer becomes a float by a cast.
  static constexpr std::int32_t bias = 0;

  template <typename Function>
  static I ints(Function function) {
    I out;
    for (std::size_t i = 0; i < 16; ++i) out.lane[i] = static_cast<std::uint32_t>(function(i));
    return out;
  }
  template <typename Function>
  static F floats(Function function) {
    F out;
    for (std::size_t i = 0; i < 16; ++i) out.lane[i] = function(i);
    return out;
  }

  static I load(const std::byte* p) {
    I out;
    std::memcpy(&out, p, sizeof(out));
    return out;
  }
  static void store(std::byte* p, I a) { std::memcpy(p, &a, sizeof(a)); }
  static F load_halves(const std::byte* p) {
    return floats([&](std::size_t i) { return f16_to_f32(load_u16(p + 2 * i)); });
  }
  static I load_half_words(const std::byte* p) {
    return ints([&](std::size_t i) { return load_u16(p + 2 * i); });
  }
  static F load_floats(const float* p) {
    return floats([&](std::size_t i) { return p[i]; });
  }
  static void store_floats(float* p, F a) { std::memcpy(p, &a, sizeof(a)); }
  static F zero() {
    return floats([](std::size_t) { return 0.0f; });
  }
  static F broadcast(const std::byte* p) {
    float value = 0.0f;
    std::memcpy(&value, p, sizeof(value));
    return floats([&](std::size_t) { return value; });
  }
  static I broadcast_int(const std::byte* p) {
    std::uint32_t value = 0;
    std::memcpy(&value, p, sizeof(value));
    return ints([&](std::size_t) { return value; });
  }
  static I set(std::int32_t value) {
    return ints([&](std::size_t) { return value; });
  }

  static std::uint32_t four_times(int byte) {
    return (static_cast<std::uint32_t>(byte) & 255u) * 0x01010101u;
  }
  static I and_bytes(I a, int mask) {
    return ints([&](std::size_t i) { return a.lane[i] & four_times(mask); });
  }
  static I and_words(I a, int mask) {
    return ints([&](std::size_t i) { return a.lane[i] & static_cast<std::uint32_t>(mask); });
  }
  static I or_bits(I a, I b) {
    return ints([&](std::size_t i) { return a.lane[i] | b.lane[i]; });
  }
  static I add_bytes(I a, int value) {
    return ints([&](std::size_t i) {
      std::uint32_t out = 0;
      for (unsigned b = 0; b < 32; b += 8)
        out |= (((a.lane[i] >> b) + static_cast<std::uint32_t>(value)) & 255u) << b;
      return out;
    });
  }
  static I sub_words(I a, I b) {
    return ints([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
  }
  static I right(I a, unsigned count) {
    return ints([&](std::size_t i) { return a.lane[i] >> count; });
  }
  static I left(I a, unsigned count) {
    return ints([&](std::size_t i) { return a.lane[i] << count; });
  }
  static std::int32_t byte_of(std::uint32_t word, unsigned b) {
    return static_cast<std::int8_t>(word >> (8 * b) & 255u);
  }
  static I signed_byte(I a, unsigned b) {
    return ints([&](std::size_t i) { return byte_of(a.lane[i], b); });
  }
  static I look_up(const signed char* table, I a) {
    return ints([&](std::size_t i) {
      std::uint32_t out = 0;
      for (unsigned b = 0; b < 32; b += 8)
        out |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(table[a.lane[i] >> b & 15u]))
               << b;
      return out;
    });
  }
  static F to_float(I a) {
    return floats(
        [&](std::size_t i) { return static_cast<float>(static_cast<std::int32_t>(a.lane[i])); });
  }
  static F mul(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
  }
  static F negate(F a) {
    return floats([&](std::size_t i) { return -a.lane[i]; });
  }
  static F mul_add(F a, F b, F c) {
    return floats([&](std::size_t i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F scaled(I sum, F scale, F) { return mul(to_float(sum), scale); }
  static F unbias_of(F scale) { return scale; }

  static I wide_operand(I a) { return a; }
  template <unsigned Bits>
  static I add_dot(I sum, I weights, I x) {
    return ints([&](std::size_t i) {
      auto total = static_cast<std::int32_t>(sum.lane[i]);
      for (unsigned b = 0; b < 4; ++b) total += byte_of(weights.lane[i], b) * byte_of(x.lane[i], b);
      return total;
    });
  }
  template <unsigned Bits, std::size_t Steps, std::size_t Rows>
  static void dots(I* sums, const I* weights, const std::byte* x, std::size_t step_bytes) {
    for (std::size_t i = 0; i < Steps; ++i)
      for (std::size_t t = 0; t < Rows; ++t)
        sums[t] = add_dot<Bits>(sums[t], weights[i], broadcast_int(x + i * step_bytes + 4 * t));
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
