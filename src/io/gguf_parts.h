#pragma once
/// The two halves of a GGUF header as functions over one cursor. Used by the reader
/// and the writer only.

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "io/byte_cursor.h"
#include "io/gguf.h"

namespace croft {

/// Smallest number of bytes that a record can take: the counts of a header are checked against
/// these before anything is reserved. Key: length 8 + one byte + type 4 + value 1.
inline constexpr std::uint64_t gguf_key_bytes_min = 14;
/// Name: length 8 + one byte; dimension count 4, one dimension 8, type 4, offset 8.
inline constexpr std::uint64_t gguf_tensor_bytes_min = 33;

/// A tensor as the header describes it; `offset` counts from the start of the data section.
struct GgufTensorRecord {
  GgufTensor tensor;
  std::uint64_t record_offset = 0;  ///< where its record lies in the file, for error messages
  std::uint64_t data_offset = 0;
  std::uint64_t data_bytes = 0;
};

Result<std::pair<std::string_view, GgufValue>> read_gguf_key_value(ByteCursor& cursor);

/// Checks name, shape, type and size; the caller checks the offset against the data section.
Result<GgufTensorRecord> read_gguf_tensor(ByteCursor& cursor);

/// Bytes of one scalar; 0 for String, Array and numbers that GGUF does not know.
[[nodiscard]] std::size_t gguf_scalar_bytes(GgufType type);

/// Bytes of a tensor's data; nullopt where a row is no whole number of blocks, or where the bytes
/// or the elements exceed 64 bits. Requires a shape that is not empty.
[[nodiscard]] std::optional<std::uint64_t> gguf_data_bytes(TensorType type,
                                                           std::span<const std::uint64_t> shape);

[[nodiscard]] constexpr bool is_gguf_alignment(std::uint64_t value) {
  return std::has_single_bit(value) && value >= limits::gguf_alignment_min &&
         value <= limits::gguf_alignment_max;
}

}  // namespace croft
