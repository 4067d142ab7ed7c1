#include "io/gguf.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/checked.h"
#include "base/limits.h"
#include "io/byte_cursor.h"
#include "io/gguf_parts.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::uint32_t gguf_magic = 0x46554747;  // "GGUF" read as little-endian

struct Counts {
  std::uint32_t version = 0;
  std::uint64_t tensors = 0;
  std::uint64_t keys = 0;
};

Result<std::uint32_t> read_version(ByteCursor& cursor) {
  const auto version = TRY(cursor.read<std::uint32_t>("the version"));
  if (version == 2 || version == 3) return version;
  // A big-endian file holds its small version number in the high bytes.
  if ((version & 0xffffU) == 0 && version != 0) {
    return fail(
        ErrorCode::Unsupported, "The GGUF file is big-endian (version field at byte 4)",
        "Convert it to little-endian with gguf-convert-endian, or download a little-endian file.");
  }
  if (version == 0) return ByteCursor::corrupt("the version is 0", 4);
  return fail(ErrorCode::Unsupported,
              "GGUF version " + std::to_string(version) + " (byte 4) cannot be read, only 2 and 3",
              version < 2 ? "Convert the model again with a current converter."
                          : "Update this program, or convert the model to version 3.");
}

Result<Counts> read_counts(ByteCursor& cursor) {
  const auto magic = TRY(cursor.read<std::uint32_t>("the magic bytes"));
  if (magic != gguf_magic) {
    return fail(ErrorCode::Corrupt, "The file does not begin with GGUF at byte 0",
                "Check that this is a GGUF model file and not, say, a saved web page.");
  }
  Counts counts;
  counts.version = TRY(read_version(cursor));
  counts.tensors = TRY(cursor.read<std::uint64_t>("the tensor count"));
  counts.keys = TRY(cursor.read<std::uint64_t>("the metadata key count"));
  if (counts.tensors > cursor.remaining() / gguf_tensor_bytes_min) {
    return ByteCursor::corrupt(
        "the tensor count " + std::to_string(counts.tensors) + " is more than the file can hold,",
        8);
  }
  if (counts.keys > cursor.remaining() / gguf_key_bytes_min) {
    return ByteCursor::corrupt("the metadata key count " + std::to_string(counts.keys) +
                                   " is more than the file can hold,",
                               16);
  }
  if (counts.keys > limits::gguf_keys_max) {
    return fail(ErrorCode::TooLarge,
                "The metadata key count " + std::to_string(counts.keys) + " at byte 16 is over " +
                    std::to_string(limits::gguf_keys_max),
                "No model needs that many keys; check where the file comes from.");
  }
  return counts;
}

/// A name that occurs twice is an error: two readers could pick different records.
std::unexpected<Error> occurs_twice(std::string_view what, std::string_view name) {
  return fail(
      ErrorCode::Corrupt,
      "The file is damaged: " + std::string(what) + " " + quote_foreign(name) + " occurs twice",
      "Download the file again, or convert it again from its source.",
      std::string(name.substr(0, limits::tensor_name_bytes_max)));
}

Result<std::uint32_t> read_alignment(const GgufValue* value) {
  constexpr std::uint32_t default_alignment = 32;
  if (value == nullptr) return default_alignment;
  const auto* number = std::get_if<std::int64_t>(&value->data);
  if (value->type != GgufType::U32 || number == nullptr) {
    return fail(ErrorCode::Corrupt,
                "The file is damaged: general.alignment is no unsigned 32-bit number",
                "Convert the file again from its source.", "general.alignment");
  }
  const auto alignment = static_cast<std::uint32_t>(*number);
  if (!is_gguf_alignment(alignment)) {
    return fail(ErrorCode::Corrupt,
                "The file is damaged: general.alignment is " + std::to_string(alignment) +
                    ", not a power of two from " + std::to_string(limits::gguf_alignment_min) +
                    " to " + std::to_string(limits::gguf_alignment_max),
                "Convert the file again from its source.", "general.alignment");
  }
  return alignment;
}

/// Points a tensor at its bytes, or says why it cannot.
Result<GgufTensor> place_tensor(GgufTensorRecord record, std::uint32_t alignment,
                                std::span<const std::byte> data, std::uint64_t data_start) {
  const auto name = [&] { return quote_foreign(record.tensor.name); };
  if (record.data_offset % alignment != 0) {
    return ByteCursor::corrupt("the offset " + std::to_string(record.data_offset) + " of tensor " +
                                   name() + " is no multiple of the alignment " +
                                   std::to_string(alignment) + " in the record",
                               record.record_offset);
  }
  if (!range_fits(record.data_offset, record.data_bytes, data.size())) {
    return fail(ErrorCode::Corrupt,
                "The data of tensor " + name() + " (offset " + std::to_string(record.data_offset) +
                    " after byte " + std::to_string(data_start) + ", " +
                    std::to_string(record.data_bytes) + " bytes) lies outside the file",
                "The file is cut short or damaged; download it again.");
  }
  record.tensor.bytes = data.subspan(record.data_offset, record.data_bytes);
  return std::move(record.tensor);
}

/// Two tensors over the same bytes are an error: one would be misread, and a rewrite would leak or
/// clobber the other.
Result<void> check_overlap(const std::vector<GgufTensor>& tensors) {
  std::vector<std::uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return tensors[i].bytes.data(); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const GgufTensor& left = tensors[order[i - 1]];
    const GgufTensor& right = tensors[order[i]];
    if (right.bytes.data() < left.bytes.data() + left.bytes.size()) {
      return fail(ErrorCode::Corrupt,
                  "The file is damaged: the data of tensor " + quote_foreign(right.name) +
                      " overlaps that of " + quote_foreign(left.name),
                  "Download the file again, or convert it again from its source.");
    }
  }
  return {};
}

}  // namespace

std::uint64_t GgufTensor::rows() const {
  std::uint64_t product = 1;  // cannot wrap: parse checked the whole product
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) product *= shape[i];
  return product;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes) {
  ByteCursor cursor(bytes);
  const Counts counts = TRY(read_counts(cursor));
  GgufFile file;
  file.version = counts.version;
  file.metadata.reserve(counts.keys);
  for (std::uint64_t i = 0; i < counts.keys; ++i) {
    file.metadata.push_back(TRY(read_gguf_key_value(cursor)));
  }
  const auto key_of = [&](std::uint32_t i) { return file.metadata[i].first; };
  if (const auto twice = file.key_index_.build(file.metadata.size(), key_of)) {
    return occurs_twice("metadata key", key_of(*twice));
  }
  file.alignment = TRY(read_alignment(file.find("general.alignment")));
  TRY(file.read_tensors(cursor, bytes, counts.tensors));
  return file;
}

Result<void> GgufFile::read_tensors(ByteCursor& cursor, std::span<const std::byte> bytes,
                                    std::uint64_t count) {
  // The data section begins only after the last record, so the records are walked twice: once to
  // find their end, once to place the tensors. That keeps no second copy of them.
  ByteCursor end = cursor;
  for (std::uint64_t i = 0; i < count; ++i) TRY(read_gguf_tensor(end));
  const auto data_start = checked_align(end.offset(), alignment);
  const bool no_data = !data_start || *data_start > bytes.size();
  const auto data = no_data ? std::span<const std::byte>{} : bytes.subspan(*data_start);
  tensors.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    GgufTensorRecord record = TRY(read_gguf_tensor(cursor));
    tensors.push_back(
        TRY(place_tensor(std::move(record), alignment, data, data_start.value_or(0))));
  }
  const auto name_of = [&](std::uint32_t i) { return tensors[i].name; };
  if (const auto twice = tensor_index_.build(tensors.size(), name_of)) {
    return occurs_twice("tensor", name_of(*twice));
  }
  return check_overlap(tensors);
}

}  // namespace croft
