#pragma once
/// Sixteen float lanes in plain C++: the reference backend, and the one for processors without
/// kernels of their own.
///
/// Every backend has these members. Each has 16 lanes whatever the register width, so that all walk
/// a row in the same order; AVX2 and AVX-512 therefore agree bit for bit, and this one differs only
/// where they fuse a multiplication and an addition into one rounding.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace croft {

struct PortableSimd {
  static constexpr std::size_t tile_rows = 4;
  static constexpr std::size_t tile_tokens = 2;

  struct V {
    float lane[16];
  };

  template <typename Function>
  static V map(Function function) {
    V out;
    for (int i = 0; i < 16; ++i) out.lane[i] = function(i);
    return out;
  }

  static V zero() { return set1(0.0f); }
  static V set1(float value) {
    return map([&](int) { return value; });
  }
  static V load(const float* p) {
    return map([&](int i) { return p[i]; });
  }
  /// The first `count` (< 16) lanes from memory, the rest 0.
  static V load_first(const float* p, std::size_t count) {
    V out = zero();
    for (std::size_t i = 0; i < count; ++i) out.lane[i] = p[i];
    return out;
  }
  static void store(float* p, V a) {
    for (int i = 0; i < 16; ++i) p[i] = a.lane[i];
  }
  static void store_first(float* p, V a, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) p[i] = a.lane[i];
  }

  static V add(V a, V b) {
    return map([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static V sub(V a, V b) {
    return map([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static V mul(V a, V b) {
    return map([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static V div(V a, V b) {
    return map([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  /// a * b + c, rounded once where the processor can and twice here.
  static V mul_add(V a, V b, V c) {
    return map([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
  }
  /// b where either lane is not a number, as x86 defines it.
  static V max(V a, V b) {
    return map([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static V min(V a, V b) {
    return map([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  /// Per lane: a < b ? yes : no.
  static V select_less(V a, V b, V yes, V no) {
    return map([&](int i) { return a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i]; });
  }
  static V abs(V a) {
    return map([&](int i) { return std::fabs(a.lane[i]); });
  }
  /// The magnitude of a with the sign of b.
  static V copy_sign(V a, V b) {
    return map([&](int i) { return std::copysign(a.lane[i], b.lane[i]); });
  }
  /// To the nearest integer, ties to even. Requires |a| < 2^22.
  static V round(V a) {
    constexpr float magic = 0x1.8p23f;  // beyond 2^23 a float has no fraction: the addition rounds
    return map([&](int i) { return a.lane[i] + magic - magic; });
  }
  /// 2^a for whole a in [-126, 127]; without meaning, but defined, elsewhere.
  static V exp2_whole(V a) {
    // 1.5 * 2^23 + a holds the integer a in its last mantissa bits.
    constexpr float magic = 0x1.8p23f;
    constexpr auto magic_bits = std::bit_cast<std::uint32_t>(magic);
    return map([&](int i) {
      const std::uint32_t n = std::bit_cast<std::uint32_t>(a.lane[i] + magic) - magic_bits;
      return std::bit_cast<float>((n + 127u) << 23);
    });
  }

  /// Lanes i and i + 8, then i + 4, i + 2, i + 1: every backend adds in this order.
  static float reduce_add(V a) {
    for (int width = 8; width > 0; width /= 2)
      for (int i = 0; i < width; ++i) a.lane[i] += a.lane[i + width];
    return a.lane[0];
  }
  /// out[i] = reduce_add(a[i]).
  template <std::size_t N>
  static void reduce_add_each(const V (&a)[N], float* out) {
    for (std::size_t i = 0; i < N; ++i) out[i] = reduce_add(a[i]);
  }
  static float reduce_max(V a) {
    for (int width = 8; width > 0; width /= 2)
      for (int i = 0; i < width; ++i)
        a.lane[i] = a.lane[i] > a.lane[i + width] ? a.lane[i] : a.lane[i + width];
    return a.lane[0];
  }
};

}  // namespace croft
