#pragma once
/// Writes GGUF v3 files: the same input gives the same bytes. Source: docs/formats/gguf.md.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/tensor_type.h"
#include "io/gguf.h"

namespace croft {

/// A tensor to write. `bytes` is called once, when its turn comes, so that a converter needs to
/// hold one tensor at a time; what it returns must stay valid until the next tensor is asked for.
struct GgufTensorSource {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<std::uint64_t> shape;  ///< row-major, slowest dimension first, as in GgufTensor
  std::function<Result<std::span<const std::byte>>()> bytes;
};

/// Collects metadata and tensors in the order in which they will stand in the file. What the reader
/// would refuse is refused here, with InvalidArgument: a name that is empty, too long or twice
/// there, a zero dimension, a row that is no whole number of blocks. Not for several threads at
/// once.
class GgufWriter {
 public:
  /// Adds any value, for example one taken from a GgufFile; it is copied at once. The key
  /// general.alignment also sets the alignment of this file (32 without it).
  Result<void> add(std::string_view key, const GgufValue& value);

  /// Adds a scalar as exactly the type T: add_scalar<std::uint32_t>("llama.block_count", 12).
  template <typename T>
  Result<void> add_scalar(std::string_view key, std::type_identity_t<T> value);
  Result<void> add_string(std::string_view key, std::string_view value);
  Result<void> add_strings(std::string_view key, std::span<const std::string> values);
  template <typename T>
  Result<void> add_numbers(std::string_view key, std::span<const T> values);

  Result<void> add_tensor(GgufTensorSource source);

  /// The bytes of the file that `write` would make before its first tensor's data, padding
  /// included. Errors: InvalidArgument (the file's size exceeds 64 bits).
  [[nodiscard]] Result<std::string> header() const;

  /// Writes the file whole or not at all (atomic_file.h). Errors: InvalidArgument (a source gave
  /// another number of bytes than its shape needs); Io; what a source returned.
  Result<void> write(const std::filesystem::path& path) const;

 private:
  struct Placed {
    GgufTensorSource source;
    std::uint64_t size = 0;
  };

  std::string metadata_;  ///< encoded
  std::uint64_t key_count_ = 0;
  std::set<std::string, std::less<>> names_;  ///< "k" + key and "t" + tensor name
  std::vector<Placed> tensors_;
  std::uint32_t alignment_ = 32;
};

/// GGUF's number for a C++ type.
template <typename T>
[[nodiscard]] constexpr GgufType gguf_type_of() {
  if constexpr (std::is_same_v<T, bool>) return GgufType::Bool;
  if constexpr (std::is_same_v<T, float>) return GgufType::F32;
  if constexpr (std::is_same_v<T, double>) return GgufType::F64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return GgufType::U8;
  if constexpr (std::is_same_v<T, std::int8_t>) return GgufType::I8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return GgufType::U16;
  if constexpr (std::is_same_v<T, std::int16_t>) return GgufType::I16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return GgufType::U32;
  if constexpr (std::is_same_v<T, std::int32_t>) return GgufType::I32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return GgufType::U64;
  if constexpr (std::is_same_v<T, std::int64_t>) return GgufType::I64;
}

template <typename T>
Result<void> GgufWriter::add_scalar(std::string_view key, std::type_identity_t<T> value) {
  static_assert(std::is_arithmetic_v<T>);
  GgufValue out{gguf_type_of<T>(), false};
  if constexpr (std::is_same_v<T, bool>) {
    out.data = value;
  } else if constexpr (std::is_floating_point_v<T>) {
    out.data = static_cast<double>(value);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    out.data = value;
  } else {
    out.data = static_cast<std::int64_t>(value);
  }
  return add(key, out);
}

template <typename T>
Result<void> GgufWriter::add_numbers(std::string_view key, std::span<const T> values) {
  return add(
      key, {GgufType::Array, GgufNumbers{gguf_type_of<T>(), values.size(), std::as_bytes(values)}});
}

}  // namespace croft
