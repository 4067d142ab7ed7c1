#pragma once
/// Rounding to bfloat16 in plain C++, for tests of the tile kernels on any processor.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/simd/lanes_portable.h"

namespace croft {

/// Rounding to bfloat16 as the processor does it: to the nearest, ties to even; denormals are 0; a
/// NaN stays one.
struct PortableBf16 {
  static std::uint32_t round(float value) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return bits >> 16 | 0x40u;
    if ((bits & 0x7f800000u) == 0) return bits >> 16 & 0x8000u;
    bits += 0x7fffu + (bits >> 16 & 1u);
    return bits >> 16;
  }
  /// A word of each lane: `even` in its lower half, `odd` in its upper half.
  static PortableLanes::I pairs(const PortableLanes::F& even, const PortableLanes::F& odd) {
    PortableLanes::I out;
    for (std::size_t i = 0; i < 16; ++i)
      out.lane[i] = round(even.lane[i]) | round(odd.lane[i]) << 16;
    return out;
  }
  static void block(const float* x, std::byte* out) {
    for (std::size_t i = 0; i < 32; ++i) {
      const auto half = static_cast<std::uint16_t>(round(x[i]));
      std::memcpy(out + 2 * i, &half, sizeof(half));
    }
  }
};

}  // namespace croft
