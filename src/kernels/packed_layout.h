#pragma once
/// The layout that products read: 16 rows interleaved, every byte of the file's blocks kept.
///
/// A strip is 16 consecutive rows. For each block of the format it has one record of 16 blocks'
/// bytes: first the block's 16-bit fields, each as 16 values in row order, then its 32-bit words,
/// each as 16 words in row order. A register of 16 words therefore holds the same four bytes of 16
/// rows, which is what 8-bit dot products and matrix tiles take, and no product sums across lanes.
/// Q5_0 and Q5_1 keep their fifth bits as docs/formats/packed.md says.
///
/// The layout has the size of the file's own and serves every instruction set.

#include <cstddef>
#include <span>

#include "base/tensor_type.h"

namespace croft {

inline constexpr std::size_t strip_rows = 16;

/// Where the fields of a format's block lie in the file and in a record.
struct PackedFormat {
  std::size_t halves;  ///< 16-bit fields
  std::size_t words;   ///< 32-bit words
  bool halves_last;    ///< in the file the 16-bit fields follow the words (Q2_K, Q3_K, Q6_K)
  bool fifth_bits;     ///< the first word holds one bit per value, regrouped by 4 values

  [[nodiscard]] std::size_t record_bytes() const { return strip_rows * (2 * halves + 4 * words); }
};

/// Null where the type has no packed layout (F32, F16, BF16: their products read the file's).
[[nodiscard]] const PackedFormat* packed_format(TensorType type);

/// Packs 16 rows. Requires: packed_format(type); source and out hold 16 * row_bytes(type, cols) and
/// do not overlap.
void pack_strip(TensorType type, std::size_t cols, std::span<const std::byte> source,
                std::span<std::byte> out);

/// Row `row` (of 16) of a packed strip in the file's layout. Requires: out holds one row.
void unpack_row(TensorType type, std::size_t cols, std::span<const std::byte> strip,
                std::size_t row, std::span<std::byte> out);

/// Blocks of a depth chunk: at most about `most`, chunks of even size, each a multiple of `whole`.
/// Always inlined: files of several instruction sets have copies.
[[nodiscard, gnu::always_inline]] constexpr std::size_t depth_chunk(std::size_t blocks,
                                                                    std::size_t most,
                                                                    std::size_t whole) {
  const std::size_t chunks = (blocks + most - 1) / most;
  const std::size_t even = (blocks + chunks - 1) / chunks;
  return (even + whole - 1) / whole * whole;
}

}  // namespace croft
