#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/checked.h"
#include "base/json.h"
#include "base/limits.h"
#include "io/byte_cursor.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

struct ElementType {
  std::string_view name;
  std::uint64_t bits;
  std::optional<TensorType> readable;
};
// All types that the format names; the size of the ones that are skipped is checked as well.
constexpr std::array<ElementType, 20> element_types = {{
    {"F32", 32, TensorType::F32},
    {"F16", 16, TensorType::F16},
    {"BF16", 16, TensorType::BF16},
    {"F64", 64, {}},
    {"I64", 64, {}},
    {"I32", 32, {}},
    {"I16", 16, {}},
    {"I8", 8, {}},
    {"U64", 64, {}},
    {"U32", 32, {}},
    {"U16", 16, {}},
    {"U8", 8, {}},
    {"BOOL", 8, {}},
    {"C64", 64, {}},
    {"F8_E4M3", 8, {}},
    {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},
    {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},
    {"F4", 4, {}},
}};

/// One entry of the header, before it is known whether its type can be read.
struct Entry {
  std::string_view name;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::optional<TensorType> type;
  std::vector<std::uint64_t> shape;
};

std::unexpected<Error> corrupt(std::string_view tensor, std::string_view what) {
  return fail(
      ErrorCode::Corrupt,
      "The safetensors file is damaged: tensor " + quote_foreign(tensor) + " " + std::string(what),
      "Download the file again, or export it again from its source.",
      std::string(tensor.substr(0, limits::tensor_name_bytes_max)));
}

std::optional<std::uint64_t> as_size(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return checked_cast<std::uint64_t>(*number);
  if (const std::uint64_t* number = value.if_uint64()) return *number;
  return std::nullopt;
}

/// The sizes of a JSON array such as "shape"; nullopt where it is no array of at most `count_max`
/// sizes.
std::optional<std::vector<std::uint64_t>> as_sizes(const json::value& tensor, std::string_view key,
                                                   std::size_t count_max) {
  const json::value* member = find(tensor, key);
  const json::array* array = member == nullptr ? nullptr : member->if_array();
  if (array == nullptr || array->size() > count_max) return std::nullopt;
  std::vector<std::uint64_t> sizes;
  for (const json::value& element : *array) {
    const std::optional<std::uint64_t> size = as_size(element);
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

/// Bytes of a tensor; nullopt where the product wraps or is no whole number of bytes.
std::optional<std::uint64_t> byte_count(const std::vector<std::uint64_t>& shape,
                                        std::uint64_t bits) {
  std::optional<std::uint64_t> product = bits;
  for (const std::uint64_t size : shape) {
    if (product) product = checked_mul(*product, size);
  }
  if (!product || *product % 8 != 0) return std::nullopt;
  return *product / 8;
}

Result<Entry> read_entry(std::string_view name, const json::value& value,
                         std::uint64_t data_bytes) {
  if (name.empty() || name.size() > limits::tensor_name_bytes_max) {
    return corrupt(name, "has an empty name or one of more than " +
                             std::to_string(limits::tensor_name_bytes_max) + " bytes");
  }
  const std::optional<std::string_view> type_name = find_string(value, "dtype");
  auto shape = as_sizes(value, "shape", limits::safetensors_dims_max);
  const auto offsets = as_sizes(value, "data_offsets", 2);
  if (!type_name) return corrupt(name, "has no dtype");
  if (!shape) return corrupt(name, "has no shape of at most 8 sizes");
  if (!offsets || offsets->size() != 2) return corrupt(name, "has no pair of data_offsets");

  Entry entry{name, offsets->front(), offsets->back(), {}, *std::move(shape)};
  const std::string range =
      "[" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + ")";
  if (entry.begin >= entry.end || entry.end > data_bytes) {
    return corrupt(name, "has data_offsets " + range + " that are empty or outside the " +
                             std::to_string(data_bytes) + " bytes of data");
  }
  const auto type = std::ranges::find(element_types, *type_name, &ElementType::name);
  if (type == element_types.end()) return entry;  // newer than this table: skipped by its offsets
  if (byte_count(entry.shape, type->bits) != entry.end - entry.begin) {
    return corrupt(name, "has data_offsets " + range + " that do not match its shape and dtype " +
                             std::string(type->name));
  }
  entry.type = type->readable;
  return entry;
}

/// Sorts the entries by their data and checks that they cover all of it, each byte once.
Result<void> check_coverage(std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::ranges::sort(entries, {}, &Entry::begin);
  std::uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < position) return corrupt(entry.name, "overlaps another tensor");
    if (entry.begin > position) {
      return corrupt(entry.name, "follows a hole of " + std::to_string(entry.begin - position) +
                                     " bytes in the data");
    }
    position = entry.end;
  }
  if (position == data_bytes) return {};
  return fail(ErrorCode::Corrupt,
              "The safetensors file is damaged: " + std::to_string(data_bytes - position) +
                  " bytes at the end belong to no tensor",
              "Download the file again, or export it again from its source.");
}

/// The header's text, after its length was checked against the file.
Result<std::string_view> read_header(ByteCursor& cursor) {
  const auto size = TRY(cursor.read<std::uint64_t>("the safetensors header length"));
  if (size > limits::safetensors_header_bytes_max) {
    return ByteCursor::corrupt("the safetensors header length " + std::to_string(size) +
                                   " is over " +
                                   std::to_string(limits::safetensors_header_bytes_max),
                               0);
  }
  const auto bytes = TRY(cursor.take(size, "the safetensors header"));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<json::value> parse_header(std::string_view text) {
  // The header is three levels deep: object, tensor, array. A tighter limit than JSON's own costs
  // nothing.
  constexpr std::size_t depth_max = 3;
  auto header = parse_json(text, "The safetensors header (from byte 8)", depth_max);
  if (!header) {
    Error error = std::move(header).error();
    if (error.code == ErrorCode::InvalidArgument) error.code = ErrorCode::Corrupt;
    error.hint = "Check that this is a safetensors file; download it again.";
    return std::unexpected(std::move(error));
  }
  if (!header->is_object()) {
    return ByteCursor::corrupt("the safetensors header is no JSON object", 8);
  }
  return header;
}

}  // namespace

std::uint64_t SafeTensor::rows() const {
  std::uint64_t product = 1;  // cannot wrap: parse checked the whole product
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) product *= shape[i];
  return product;
}

Result<SafetensorsFile> SafetensorsFile::parse(std::span<const std::byte> bytes) {
  ByteCursor cursor(bytes);
  const std::string_view text = TRY(read_header(cursor));
  const json::value header = TRY(parse_header(text));
  const std::span<const std::byte> data = bytes.subspan(cursor.offset());

  std::vector<Entry> entries;
  for (const auto& member : header.get_object()) {
    if (member.key() == "__metadata__") {
      if (!member.value().is_object()) return corrupt(member.key(), "is no JSON object");
      continue;
    }
    entries.push_back(TRY(read_entry(member.key(), member.value(), data.size())));
  }
  TRY(check_coverage(entries, data.size()));

  SafetensorsFile file;
  for (Entry& entry : entries) {
    if (!entry.type) {
      file.skipped.emplace_back(entry.name);
      continue;
    }
    file.tensors.push_back({std::string(entry.name), *entry.type, std::move(entry.shape),
                            data.subspan(entry.begin, entry.end - entry.begin)});
  }
  return file;
}

}  // namespace croft
