// Metadata values of a GGUF header.
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "io/gguf_parts.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// Calls `use` with element `index` in its own C++ type.
template <typename Use>
auto visit_element(GgufType type, std::span<const std::byte> bytes, std::size_t index, Use use) {
  switch (type) {
    case GgufType::I8:
      return use(load<std::int8_t>(bytes, index));
    case GgufType::U16:
      return use(load<std::uint16_t>(bytes, index));
    case GgufType::I16:
      return use(load<std::int16_t>(bytes, index));
    case GgufType::U32:
      return use(load<std::uint32_t>(bytes, index));
    case GgufType::I32:
      return use(load<std::int32_t>(bytes, index));
    case GgufType::F32:
      return use(load<float>(bytes, index));
    case GgufType::U64:
      return use(load<std::uint64_t>(bytes, index));
    case GgufType::I64:
      return use(load<std::int64_t>(bytes, index));
    case GgufType::F64:
      return use(load<double>(bytes, index));
    case GgufType::U8:
    case GgufType::Bool:
    case GgufType::String:
    case GgufType::Array:
      break;
  }
  return use(load<std::uint8_t>(bytes, index));
}

template <typename T>
std::int64_t saturate(T value) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  if constexpr (std::floating_point<T>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) return 0;
    if (wide >= 0x1p63) return highest;
    if (wide < -0x1p63) return lowest;
    return static_cast<std::int64_t>(wide);
  } else {
    return std::in_range<std::int64_t>(value) ? static_cast<std::int64_t>(value) : highest;
  }
}

/// A bool is one byte and must be 0 or 1: any other byte is the mark of a misread or damaged file.
Result<void> check_bools(std::span<const std::byte> bytes, std::uint64_t offset) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (std::to_integer<unsigned>(bytes[i]) > 1) {
      return ByteCursor::corrupt("a boolean is neither 0 nor 1", offset + i);
    }
  }
  return {};
}

Result<GgufValue> read_scalar(ByteCursor& cursor, GgufType type) {
  const std::uint64_t start = cursor.offset();
  const auto bytes = TRY(cursor.take(gguf_scalar_bytes(type), "a metadata value"));
  if (type == GgufType::Bool) {
    TRY(check_bools(bytes, start));
    return GgufValue{type, std::to_integer<unsigned>(bytes[0]) == 1};
  }
  if (type == GgufType::U64) {
    const auto wide = load<std::uint64_t>(bytes, 0);
    if (!std::in_range<std::int64_t>(wide)) return GgufValue{type, wide};
  }
  if (type == GgufType::F32 || type == GgufType::F64) {
    return GgufValue{type,
                     visit_element(type, bytes, 0, [](auto v) { return static_cast<double>(v); })};
  }
  return GgufValue{type, visit_element(type, bytes, 0, [](auto v) { return saturate(v); })};
}

Result<GgufValue> read_strings(ByteCursor& cursor, std::uint64_t count, std::uint64_t start) {
  if (count > cursor.remaining() / sizeof(std::uint64_t)) {
    return ByteCursor::corrupt("an array of " + std::to_string(count) +
                                   " strings does not fit into the " +
                                   std::to_string(cursor.remaining()) + " bytes left,",
                               start);
  }
  GgufStrings strings;
  strings.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    strings.push_back(TRY(cursor.string("a string of a metadata array", cursor.remaining())));
  }
  return GgufValue{GgufType::Array, std::move(strings)};
}

Result<GgufValue> read_array(ByteCursor& cursor) {
  const std::uint64_t start = cursor.offset();
  const auto number = TRY(cursor.read<std::uint32_t>("the element type of a metadata array"));
  const auto count = TRY(cursor.read<std::uint64_t>("the length of a metadata array"));
  const auto type = static_cast<GgufType>(number);
  if (type == GgufType::String) return read_strings(cursor, count, start);
  if (type == GgufType::Array) {
    return fail(
        ErrorCode::Unsupported,
        "An array of arrays in the metadata at byte " + std::to_string(start) + " cannot be read",
        "Remove the key or convert the file again.");
  }
  const std::size_t element_bytes = gguf_scalar_bytes(type);
  if (element_bytes == 0) {
    return ByteCursor::corrupt("unknown array element type " + std::to_string(number), start);
  }
  if (count > cursor.remaining() / element_bytes) {
    return ByteCursor::corrupt("an array of " + std::to_string(count) + " elements of " +
                                   std::to_string(element_bytes) + " bytes does not fit into the " +
                                   std::to_string(cursor.remaining()) + " bytes left,",
                               start);
  }
  const std::uint64_t data_start = cursor.offset();
  const auto bytes = TRY(cursor.take(count * element_bytes, "a metadata array"));
  if (type == GgufType::Bool) TRY(check_bools(bytes, data_start));
  return GgufValue{GgufType::Array, GgufNumbers{type, count, bytes}};
}

Result<GgufValue> read_value(ByteCursor& cursor) {
  const std::uint64_t start = cursor.offset();
  const auto number = TRY(cursor.read<std::uint32_t>("a metadata value's type"));
  const auto type = static_cast<GgufType>(number);
  if (type == GgufType::Array) return read_array(cursor);
  if (type == GgufType::String) {
    return GgufValue{type, TRY(cursor.string("a metadata string", cursor.remaining()))};
  }
  if (gguf_scalar_bytes(type) == 0) {
    return ByteCursor::corrupt("unknown metadata type " + std::to_string(number), start);
  }
  return read_scalar(cursor, type);
}

}  // namespace

std::size_t gguf_scalar_bytes(GgufType type) {
  switch (type) {
    case GgufType::U8:
    case GgufType::I8:
    case GgufType::Bool:
      return 1;
    case GgufType::U16:
    case GgufType::I16:
      return 2;
    case GgufType::U32:
    case GgufType::I32:
    case GgufType::F32:
      return 4;
    case GgufType::U64:
    case GgufType::I64:
    case GgufType::F64:
      return 8;
    case GgufType::String:
    case GgufType::Array:
      return 0;
  }
  return 0;
}

double GgufNumbers::number(std::size_t i) const {
  CHECK(i < count);
  return visit_element(type, bytes, i, [](auto v) { return static_cast<double>(v); });
}

std::int64_t GgufNumbers::integer(std::size_t i) const {
  CHECK(i < count);
  return visit_element(type, bytes, i, [](auto v) { return saturate(v); });
}

Result<std::pair<std::string_view, GgufValue>> read_gguf_key_value(ByteCursor& cursor) {
  const std::uint64_t start = cursor.offset();
  const auto key = TRY(cursor.string("a metadata key", limits::gguf_name_bytes_max));
  if (key.empty()) return ByteCursor::corrupt("a metadata key is empty", start);
  Result<GgufValue> value = read_value(cursor);
  if (!value) {
    Error error = std::move(value).error();
    error.message = "Metadata key " + quote_foreign(key) + ": " + error.message;
    error.field = std::string(key.substr(0, limits::tensor_name_bytes_max));
    return std::unexpected(std::move(error));
  }
  return std::pair(key, *std::move(value));
}

}  // namespace croft
