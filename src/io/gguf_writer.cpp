#include "io/gguf_writer.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/limits.h"
#include "io/atomic_file.h"
#include "io/gguf_parts.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

template <typename T>
void append(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void append_string(std::string& out, std::string_view text) {
  append<std::uint64_t>(out, text.size());
  out += text;
}

std::unexpected<Error> refused(std::string_view name, std::string_view why) {
  return fail(ErrorCode::InvalidArgument,
              "Cannot write " + quote_foreign(name) + ": " + std::string(why),
              "Correct the value before it is written.", std::string(name));
}

/// Appends `value` as an integer of type T; false where T cannot hold it.
template <typename T>
bool append_integer(std::string& out, const GgufValue& value) {
  std::optional<T> narrow;
  if (const auto* number = std::get_if<std::int64_t>(&value.data))
    narrow = checked_cast<T>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value.data))
    narrow = checked_cast<T>(*number);
  if (narrow) append(out, *narrow);
  return narrow.has_value();
}

/// A double as the float it came from; false for one that no float equals, which would be rounded
/// in silence.
bool append_float(std::string& out, const GgufValue& value) {
  const auto* number = std::get_if<double>(&value.data);
  if (number == nullptr) return false;
  const auto narrow = static_cast<float>(*number);
  if (static_cast<double>(narrow) != *number && !std::isnan(*number)) return false;
  append(out, narrow);
  return true;
}

template <typename T>
bool append_as(std::string& out, const GgufValue& value) {
  const T* found = std::get_if<T>(&value.data);
  if (found != nullptr) append(out, *found);
  return found != nullptr;
}

bool append_text(std::string& out, const GgufValue& value) {
  const auto* text = std::get_if<std::string_view>(&value.data);
  if (text != nullptr) append_string(out, *text);
  return text != nullptr;
}

bool append_array(std::string& out, const GgufValue& value) {
  if (const auto* strings = std::get_if<GgufStrings>(&value.data)) {
    append(out, static_cast<std::uint32_t>(GgufType::String));
    append<std::uint64_t>(out, strings->size());
    for (const std::string_view text : *strings) append_string(out, text);
    return true;
  }
  const auto* numbers = std::get_if<GgufNumbers>(&value.data);
  if (numbers == nullptr ||
      numbers->bytes.size() != numbers->count * gguf_scalar_bytes(numbers->type)) {
    return false;
  }
  append(out, static_cast<std::uint32_t>(numbers->type));
  append<std::uint64_t>(out, numbers->count);
  out.append(reinterpret_cast<const char*>(numbers->bytes.data()), numbers->bytes.size());
  return true;
}

/// Appends a value as its type says; false where type and value do not agree.
bool append_value(std::string& out, const GgufValue& value) {
  switch (value.type) {
    case GgufType::U8:
      return append_integer<std::uint8_t>(out, value);
    case GgufType::I8:
      return append_integer<std::int8_t>(out, value);
    case GgufType::U16:
      return append_integer<std::uint16_t>(out, value);
    case GgufType::I16:
      return append_integer<std::int16_t>(out, value);
    case GgufType::U32:
      return append_integer<std::uint32_t>(out, value);
    case GgufType::I32:
      return append_integer<std::int32_t>(out, value);
    case GgufType::U64:
      return append_integer<std::uint64_t>(out, value);
    case GgufType::I64:
      return append_integer<std::int64_t>(out, value);
    case GgufType::F32:
      return append_float(out, value);
    case GgufType::F64:
      return append_as<double>(out, value);
    case GgufType::Bool:
      return append_as<bool>(out, value);  // one byte, 0 or 1, as the format wants it
    case GgufType::String:
      return append_text(out, value);
    case GgufType::Array:
      return append_array(out, value);
  }
  return false;
}

/// Zeros from `size` up to the next multiple of `alignment`. Every tensor begins at a multiple.
std::string padding_after(std::uint64_t size, std::uint32_t alignment) {
  const std::uint64_t rest = size % alignment;
  return std::string(rest == 0 ? 0 : alignment - rest, '\0');
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

Result<void> GgufWriter::add(std::string_view key, const GgufValue& value) {
  if (key.empty() || key.size() > limits::gguf_name_bytes_max) {
    return refused(key, "a metadata key has 1 to 65536 bytes");
  }
  if (names_.contains("k" + std::string(key)))
    return refused(key, "the metadata key is there already");
  if (key_count_ == limits::gguf_keys_max)
    return refused(key, "a file has at most 65536 metadata keys");
  std::string encoded;
  append_string(encoded, key);
  append(encoded, static_cast<std::uint32_t>(value.type));
  if (!append_value(encoded, value)) return refused(key, "its value does not fit its type");
  if (key == "general.alignment") {
    const auto* number = std::get_if<std::int64_t>(&value.data);
    const auto size = number == nullptr ? std::nullopt : checked_cast<std::uint32_t>(*number);
    if (value.type != GgufType::U32 || !size || !is_gguf_alignment(*size)) {
      return refused(key, "it must be an unsigned 32-bit power of two from 8 to 65536");
    }
    alignment_ = *size;
  }
  names_.insert("k" + std::string(key));
  metadata_ += encoded;
  ++key_count_;
  return {};
}

Result<void> GgufWriter::add_string(std::string_view key, std::string_view value) {
  return add(key, {GgufType::String, value});
}

Result<void> GgufWriter::add_strings(std::string_view key, std::span<const std::string> values) {
  return add(key, {GgufType::Array, GgufStrings(values.begin(), values.end())});
}

Result<void> GgufWriter::add_tensor(GgufTensorSource source) {
  if (source.name.empty() || source.name.size() > limits::tensor_name_bytes_max) {
    return refused(source.name, "a tensor's name has 1 to 256 bytes");
  }
  if (source.shape.empty() || source.shape.size() > limits::gguf_dims_max) {
    return refused(source.name, "a tensor has 1 to 4 dimensions");
  }
  const auto size = gguf_data_bytes(source.type, source.shape);
  if (!size || *size == 0) {
    return refused(source.name, "its shape is empty, too large or no whole number of blocks of " +
                                    std::string(traits(source.type).name));
  }
  if (!names_.insert("t" + source.name).second)
    return refused(source.name, "the tensor is there already");
  tensors_.push_back({std::move(source), *size});
  return {};
}

Result<std::string> GgufWriter::header() const {
  std::string out = "GGUF";
  append<std::uint32_t>(out, 3);
  append<std::uint64_t>(out, tensors_.size());
  append<std::uint64_t>(out, key_count_);
  out += metadata_;
  std::optional<std::uint64_t> offset = 0;
  for (const auto& [source, size] : tensors_) {
    if (!offset) return refused(source.name, "the file's size exceeds 64 bits");
    append_string(out, source.name);
    append(out, static_cast<std::uint32_t>(source.shape.size()));
    for (auto it = source.shape.rbegin(); it != source.shape.rend(); ++it) append(out, *it);
    append(out, static_cast<std::uint32_t>(source.type));
    append(out, *offset);
    const auto end = checked_add(*offset, size);
    offset = end ? checked_align(*end, alignment_) : std::nullopt;
  }
  out += padding_after(out.size(), alignment_);
  return out;
}

Result<void> GgufWriter::write(const std::filesystem::path& path) const {
  const std::string head = TRY(header());
  AtomicFile file = TRY(AtomicFile::create(path));
  TRY(file.write(as_bytes(head)));
  for (const auto& [source, size] : tensors_) {
    const auto bytes = TRY(source.bytes());
    if (bytes.size() != size) {
      return refused(source.name, "it has " + std::to_string(bytes.size()) + " bytes instead of " +
                                      std::to_string(size));
    }
    TRY(file.write(bytes));
    // The last one is padded too: llama.cpp reads the data section as a whole number of alignments.
    TRY(file.write(as_bytes(padding_after(size, alignment_))));
  }
  return file.commit();
}

}  // namespace croft
