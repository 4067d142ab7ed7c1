#pragma once
/// Rows of activations as bfloat16: a block of 32 inputs is 64 bytes, a row of a tile.

#include <cstddef>

namespace croft {

/// Row r begins at data + r * stride().
struct Bf16Rows {
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t blocks = 0;

  /// One line more than the row: rows of a power of two would meet in a few sets of a cache.
  [[nodiscard]] static constexpr std::size_t stride_of(std::size_t blocks) {
    return 64 * blocks + 64;
  }
  [[nodiscard]] std::size_t stride() const { return stride_of(blocks); }
};

}  // namespace croft
