#pragma once
/// The packed 6-bit scales and minima that Q4_K and Q5_K share.

#include <cstddef>
#include <cstdint>

#include "kernels/half.h"

namespace croft {

struct KScales {
  std::uint8_t scale[8];
  std::uint8_t minimum[8];
};

/// Unpacks 12 bytes. Groups 0-3 lie in the low 6 bits of bytes 0-3 (scales) and 4-7 (minima);
/// groups 4-7 have their low 4 bits in bytes 8-11 (scale low nibble, minimum high nibble) and their
/// high 2 bits on top of bytes 0-7. Four groups are handled at once as the four bytes of a word.
[[nodiscard]] inline KScales unpack_k_scales(const std::byte* packed) {
  const std::uint32_t a = load_u32(packed);
  const std::uint32_t b = load_u32(packed + 4);
  const std::uint32_t c = load_u32(packed + 8);
  const std::uint32_t words[4] = {a & 0x3f3f3f3fu, (c & 0x0f0f0f0fu) | (a >> 2 & 0x30303030u),
                                  b & 0x3f3f3f3fu, (c >> 4 & 0x0f0f0f0fu) | (b >> 2 & 0x30303030u)};
  KScales out;
  std::memcpy(&out, words, sizeof(out));
  return out;
}

}  // namespace croft
