#pragma once
/// The element types of model files. Values are GGUF's own numbers, so that a file's number casts
/// after a check.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace croft {

enum class TensorType : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ4_NL = 20,
  IQ4_XS = 23,
  BF16 = 30,
};

struct TensorTypeTraits {
  TensorType type;
  std::string_view name;    ///< as people write it: "Q4_K"
  std::size_t block_size;   ///< elements per block
  std::size_t block_bytes;  ///< bytes per block
};

/// Traits of a GGUF type number; null where Croft does not know it.
[[nodiscard]] const TensorTypeTraits* find_tensor_type(std::uint32_t gguf_type);
[[nodiscard]] const TensorTypeTraits& traits(TensorType type);
/// Name of any type number GGUF has ever assigned, also those Croft cannot read ("IQ2_XS"), else
/// "type 99".
[[nodiscard]] std::string_view tensor_type_name_or_empty(std::uint32_t gguf_type);

/// Bytes of one row of `elements` values; nullopt where it is no whole number of blocks or
/// overflows.
[[nodiscard]] std::optional<std::uint64_t> row_bytes(TensorType type, std::uint64_t elements);

}  // namespace croft
