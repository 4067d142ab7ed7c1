#pragma once
/// Sixteen lanes in plain C++, for simd/attention.h: the reference of all backends. Members as in
/// attention_avx512.h.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace croft {

struct PortableAttentionLanes {
  struct I {
    std::uint32_t lane[16];
  };
  struct F {
    float lane[16];
  };
  static constexpr std::size_t width = 16;
  static constexpr std::size_t tile_columns = 1, tile_queries = 4;

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

  static I set(std::int32_t value) {
    return ints([&](std::size_t) { return value; });
  }
  static I zero_ints() { return set(0); }
  static I load_ints(const std::byte* p) {
    I out;
    std::memcpy(&out, p, sizeof(out));
    return out;
  }
  static void store_ints(std::byte* p, I a) { std::memcpy(p, &a, sizeof(a)); }
  static I broadcast_pair(const std::int16_t* p) {
    std::int32_t bits = 0;
    std::memcpy(&bits, p, sizeof(bits));
    return set(bits);
  }
  static std::int32_t low(std::uint32_t a) { return static_cast<std::int16_t>(a & 0xffffu); }
  static std::int32_t high(std::uint32_t a) { return static_cast<std::int16_t>(a >> 16); }
  static I add_products(I sum, I a, I b) {
    return ints([&](std::size_t i) {
      return sum.lane[i] + static_cast<std::uint32_t>(low(a.lane[i]) * low(b.lane[i])) +
             static_cast<std::uint32_t>(high(a.lane[i]) * high(b.lane[i]));
    });
  }
  static I add(I a, I b) {
    return ints([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  static I or_bits(I a, I b) {
    return ints([&](std::size_t i) { return a.lane[i] | b.lane[i]; });
  }
  static I low_halves(I a) {
    return ints([&](std::size_t i) { return a.lane[i] & 0xffffu; });
  }
  static I to_high_halves(I a) {
    return ints([&](std::size_t i) { return a.lane[i] << 16; });
  }
  static I widen_scaled(const std::byte* p, I m) {
    const auto byte = [&](std::size_t i) { return std::int32_t{std::bit_cast<std::int8_t>(p[i])}; };
    return ints([&](std::size_t i) {
      const auto first = static_cast<std::uint32_t>(byte(2 * i) * low(m.lane[i]));
      const auto second = static_cast<std::uint32_t>(byte(2 * i + 1) * high(m.lane[i]));
      return (first & 0xffffu) | second << 16;
    });
  }
  static I load_bytes(const std::byte* p) {
    return ints([&](std::size_t i) { return std::to_integer<std::uint32_t>(p[i]); });
  }

  static F set(float value) {
    return floats([&](std::size_t) { return value; });
  }
  static F load(const float* p) {
    return floats([&](std::size_t i) { return p[i]; });
  }
  static void store(float* p, F a) { std::memcpy(p, &a, sizeof(a)); }
  static F add(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  static F sub(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
  }
  static F mul(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
  }
  static F div(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] / b.lane[i]; });
  }
  static F mul_add(F a, F b, F c) {
    return floats([&](std::size_t i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F max(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F min(F a, F b) {
    return floats([&](std::size_t i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F abs(F a) {
    return floats([&](std::size_t i) { return std::fabs(a.lane[i]); });
  }
  static F to_float(I a) {
    return floats(
        [&](std::size_t i) { return static_cast<float>(static_cast<std::int32_t>(a.lane[i])); });
  }
  static I to_int(F a) {
    constexpr float magic = 0x1.8p23f;  // beyond 2^23 a float has no fraction: the addition rounds
    return ints([&](std::size_t i) {
      const float x = a.lane[i];
      if (x > -0x1p22f && x < 0x1p22f)
        return static_cast<std::uint32_t>(static_cast<std::int32_t>(x + magic - magic));
      if (x > -0x1p31f && x < 0x1p31f)
        return static_cast<std::uint32_t>(static_cast<std::int32_t>(x));
      return 0x80000000u;
    });
  }
  static F exponent_of(F a) {
    return floats([&](std::size_t i) {
      return std::bit_cast<float>(std::bit_cast<std::uint32_t>(a.lane[i]) << 23);
    });
  }
  static F select(std::uint64_t bits, F a, F b) {
    return floats([&](std::size_t i) { return (bits >> i & 1) != 0 ? a.lane[i] : b.lane[i]; });
  }
  static I keep(std::uint64_t bits, I a) {
    return ints([&](std::size_t i) { return (bits >> i & 1) != 0 ? a.lane[i] : 0u; });
  }
  static F copy_sign(F magnitude, F sign) {
    return floats([&](std::size_t i) { return std::copysign(magnitude.lane[i], sign.lane[i]); });
  }
  static void store_strip(std::int16_t* p, const I (&a)[1]) {
    for (std::size_t i = 0; i < 16; ++i) {
      const auto x = static_cast<std::int32_t>(a[0].lane[i]);
      p[i] = static_cast<std::int16_t>(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
    }
  }
  static void store_halves(std::int16_t* p, I a, I b) {
    store_strip(p, {a});
    store_strip(p + 16, {b});
  }

  static float reduce_add(const F (&a)[1]) {
    F x = a[0];
    for (std::size_t half = 8; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i) x.lane[i] += x.lane[i + half];
    return x.lane[0];
  }
  static float reduce_max(const F (&a)[1]) {
    F x = a[0];
    for (std::size_t half = 8; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i)
        x.lane[i] = x.lane[i] > x.lane[i + half] ? x.lane[i] : x.lane[i + half];
    return x.lane[0];
  }
};

}  // namespace croft
