#pragma once
/// GGUF v2/v3 reader. The bytes are hostile: sizes use checked arithmetic, nothing is allocated
/// because a header said so, every error names the field and its offset. Source:
/// docs/formats/gguf.md.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/tensor_type.h"
#include "io/name_index.h"

namespace croft {

class ByteCursor;

/// GGUF's metadata value types, with the file's numbers.
enum class GgufType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

/// An array of scalars as it lies in the file (unaligned, little-endian). Read elements with
/// `number`.
struct GgufNumbers {
  GgufType type = GgufType::U8;
  std::size_t count = 0;
  std::span<const std::byte> bytes;
  /// Element i as a double / as an integer. Requires i < count; `integer` truncates floats toward
  /// zero, saturates at the ends of int64 and turns NaN into 0.
  [[nodiscard]] double number(std::size_t i) const;
  [[nodiscard]] std::int64_t integer(std::size_t i) const;
};

using GgufStrings = std::vector<std::string_view>;

/// One metadata value. Integers of every width widen to int64 or, beyond its range, to uint64.
/// Nested arrays are refused as Unsupported.
struct GgufValue {
  GgufType type = GgufType::U8;  ///< as stored; Array for both array alternatives
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, GgufNumbers,
               GgufStrings>
      data;
};

struct GgufTensor {
  std::string_view name;
  TensorType type = TensorType::F32;
  /// Row-major shape, slowest dimension first (GGUF stores the reverse). [rows, cols] for a matrix.
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  ///< the tensor's data inside the file

  [[nodiscard]] std::uint64_t cols() const { return shape.empty() ? 1 : shape.back(); }
  [[nodiscard]] std::uint64_t rows() const;  ///< product of all but the last dimension
};

/// A parsed file. Views point into the bytes given to `parse`, which must outlive it. Tensors lie
/// at offsets that are multiples of `alignment` (at least 8), none is empty and no two overlap;
/// keys and names are unique and not empty. Memory: below four times the file's size, whatever its
/// counts say.
class GgufFile {
 public:
  /// Errors: Corrupt (field and byte offset named); Unsupported (version, tensor type named);
  /// TooLarge (more keys than limits.h allows).
  static Result<GgufFile> parse(std::span<const std::byte> bytes);

  std::uint32_t version = 0;
  std::uint32_t alignment = 32;
  /// In file order.
  std::vector<std::pair<std::string_view, GgufValue>> metadata;
  std::vector<GgufTensor> tensors;

  [[nodiscard]] const GgufValue* find(std::string_view key) const;
  [[nodiscard]] const GgufTensor* find_tensor(std::string_view name) const;

  /// Typed look-ups: nullopt / null where absent; a value of another kind is Corrupt and names the
  /// key.
  Result<std::optional<std::int64_t>> integer(std::string_view key) const;
  Result<std::optional<double>> number(std::string_view key) const;  ///< accepts integers too
  Result<std::optional<bool>> boolean(std::string_view key) const;
  Result<std::optional<std::string_view>> string(std::string_view key) const;
  Result<const GgufStrings*> strings(std::string_view key) const;
  Result<const GgufNumbers*> numbers(std::string_view key) const;

 private:
  Result<void> read_tensors(ByteCursor& cursor, std::span<const std::byte> bytes,
                            std::uint64_t count);

  NameIndex key_index_;
  NameIndex tensor_index_;
};

}  // namespace croft
