// Tensor records of a GGUF header.
#include <algorithm>
#include <string>

#include "base/checked.h"
#include "base/limits.h"
#include "io/gguf_parts.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

/// Shape in our order (slowest dimension first). A zero dimension is refused: no model has an empty
/// tensor, and code that divides by a dimension must never meet one.
Result<std::vector<std::uint64_t>> read_shape(ByteCursor& cursor, std::string_view name) {
  const std::uint64_t start = cursor.offset();
  const auto count = TRY(cursor.read<std::uint32_t>("a tensor's dimension count"));
  if (count == 0 || count > limits::gguf_dims_max) {
    return ByteCursor::corrupt("tensor " + quote_foreign(name) + " has " + std::to_string(count) +
                                   " dimensions instead of 1 to " +
                                   std::to_string(limits::gguf_dims_max),
                               start);
  }
  std::vector<std::uint64_t> shape(count);
  for (std::uint64_t& size : shape) {
    const std::uint64_t size_start = cursor.offset();
    size = TRY(cursor.read<std::uint64_t>("a tensor's dimension"));
    if (size == 0) {
      return ByteCursor::corrupt("tensor " + quote_foreign(name) + " has a dimension of 0",
                                 size_start);
    }
  }
  std::ranges::reverse(shape);
  return shape;
}

Result<TensorType> read_type(ByteCursor& cursor, std::string_view name) {
  const std::uint64_t start = cursor.offset();
  const auto number = TRY(cursor.read<std::uint32_t>("a tensor's type"));
  if (find_tensor_type(number) != nullptr) return static_cast<TensorType>(number);
  std::string type_name(tensor_type_name_or_empty(number));
  if (type_name.empty()) type_name = "number " + std::to_string(number);
  return fail(ErrorCode::Unsupported,
              "Tensor " + quote_foreign(name) + " has the element type " + type_name +
                  ", which cannot be read (byte " + std::to_string(start) + ")",
              "Use a file quantized to Q4_K_M, Q8_0, F16 or another supported type.");
}

/// Size of the data. Every product is checked: a wrapped one would pass the range check with a
/// small buffer behind a large shape.
Result<std::uint64_t> data_size(const GgufTensor& tensor, std::uint64_t record_offset) {
  const TensorTypeTraits& type = traits(tensor.type);
  if (tensor.cols() % type.block_size != 0) {
    return ByteCursor::corrupt(
        "a row of tensor " + quote_foreign(tensor.name) + " has " + std::to_string(tensor.cols()) +
            " elements, no multiple of the " + std::to_string(type.block_size) + " in a block of " +
            std::string(type.name) + ",",
        record_offset);
  }
  const auto bytes = gguf_data_bytes(tensor.type, tensor.shape);
  if (!bytes) {
    return ByteCursor::corrupt(
        "the size of tensor " + quote_foreign(tensor.name) + " exceeds 64 bits", record_offset);
  }
  return *bytes;
}

}  // namespace

std::optional<std::uint64_t> gguf_data_bytes(TensorType type,
                                             std::span<const std::uint64_t> shape) {
  // Elements are counted too: a size in bytes can fit where the element count of a 4-bit type
  // wraps.
  std::optional<std::uint64_t> elements = shape.back();
  std::optional<std::uint64_t> bytes = row_bytes(type, shape.back());
  for (const std::uint64_t size : shape.first(shape.size() - 1)) {
    if (elements) elements = checked_mul(*elements, size);
    if (bytes) bytes = checked_mul(*bytes, size);
  }
  return elements ? bytes : std::nullopt;
}

Result<GgufTensorRecord> read_gguf_tensor(ByteCursor& cursor) {
  GgufTensorRecord record;
  record.record_offset = cursor.offset();
  GgufTensor& tensor = record.tensor;
  tensor.name = TRY(cursor.string("a tensor's name", limits::tensor_name_bytes_max));
  if (tensor.name.empty()) {
    return ByteCursor::corrupt("a tensor's name is empty", record.record_offset);
  }
  tensor.shape = TRY(read_shape(cursor, tensor.name));
  tensor.type = TRY(read_type(cursor, tensor.name));
  record.data_bytes = TRY(data_size(tensor, record.record_offset));
  record.data_offset = TRY(cursor.read<std::uint64_t>("a tensor's offset"));
  return record;
}

}  // namespace croft
