#include "model/packed_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "io/digest.h"
#include "io/quote_foreign.h"
#include "kernels/matrix.h"

namespace croft {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read in place");

std::unexpected<Error> damaged(std::string_view field, const std::string& what) {
  return fail(ErrorCode::Corrupt, "The packed file is damaged: " + what,
              "Pack it again from the original file (croft pack), or pull it again.",
              std::string(field));
}

std::unexpected<Error> missing(std::string_view key) {
  return damaged(key, "it has keys of the packed form but no usable " + std::string(key));
}

Result<void> check_layout(const GgufFile& file) {
  const auto layout = TRY(file.integer(packed_keys::layout));
  if (!layout) return missing(packed_keys::layout);
  if (*layout != packed_layout_version)
    return fail(ErrorCode::Unsupported,
                "the file was packed by another version of Croft (layout " +
                    std::to_string(*layout) + ", this one reads " +
                    std::to_string(packed_layout_version) + ")",
                "Run croft pack on the original file.", std::string(packed_keys::layout));
  if (file.alignment % packed_alignment == 0) return {};
  return damaged("general.alignment", "general.alignment is " + std::to_string(file.alignment) +
                                          " where packed tensors need " +
                                          std::to_string(packed_alignment));
}

/// The tensors that the list names, each of which must be one that packing changes.
Result<std::vector<std::string_view>> read_names(const GgufFile& file) {
  const GgufStrings* names = TRY(file.strings(packed_keys::tensors));
  if (names == nullptr) return missing(packed_keys::tensors);
  std::set<std::string_view> seen;
  for (const std::string_view name : *names) {
    const std::string quoted =
        std::string(packed_keys::tensors) + " names " + quote_foreign(name) + ", ";
    const GgufTensor* tensor = file.find_tensor(name);
    if (tensor == nullptr) return damaged(packed_keys::tensors, quoted + "which is not in it");
    if (tensor->shape.size() != 2 || !can_pack(tensor->type, tensor->rows(), tensor->cols()))
      return damaged(packed_keys::tensors, quoted + "whose type " +
                                               std::string(traits(tensor->type).name) +
                                               " or shape has no packed layout");
    if (!seen.insert(name).second) return damaged(packed_keys::tensors, quoted + "twice");
  }
  return *names;
}

Result<std::vector<std::uint64_t>> read_digests(const GgufFile& file) {
  const GgufNumbers* numbers = TRY(file.numbers(packed_keys::digests));
  if (numbers == nullptr || numbers->type != GgufType::U64) return missing(packed_keys::digests);
  if (numbers->count != file.tensors.size())
    return damaged(packed_keys::digests, std::string(packed_keys::digests) + " has " +
                                             std::to_string(numbers->count) + " entries for " +
                                             std::to_string(file.tensors.size()) + " tensors");
  std::vector<std::uint64_t> digests(numbers->count);
  if (!digests.empty()) std::memcpy(digests.data(), numbers->bytes.data(), numbers->bytes.size());
  return digests;
}

/// Bytes before the first tensor's data.
std::span<const std::byte> header_of(const GgufFile& file, std::span<const std::byte> bytes) {
  std::size_t size = bytes.size();
  for (const GgufTensor& tensor : file.tensors)
    size = std::min(size, static_cast<std::size_t>(tensor.bytes.data() - bytes.data()));
  return bytes.first(size);
}

Result<void> check_header(const GgufFile& file, std::span<const std::byte> bytes) {
  const auto digits = TRY(file.string(packed_keys::header_digest));
  if (!digits || digits->size() != packed_digest_digits) return missing(packed_keys::header_digest);
  const auto at =
      static_cast<std::size_t>(reinterpret_cast<const std::byte*>(digits->data()) - bytes.data());
  if (packed_header_digest(header_of(file, bytes), at) == *digits) return {};
  return damaged(packed_keys::header_digest, "its metadata or tensor table was altered");
}

}  // namespace

bool has_packed_keys(const GgufFile& file) {
  return std::ranges::any_of(file.metadata, [](const auto& entry) {
    return entry.first.starts_with(packed_keys::prefix);
  });
}

Result<std::optional<PackedForm>> read_packed_form(const GgufFile& file,
                                                   std::span<const std::byte> bytes) {
  if (!has_packed_keys(file)) return std::nullopt;
  TRY(check_layout(file));
  PackedForm form;
  form.tensors = TRY(read_names(file));
  form.digests = TRY(read_digests(file));
  TRY(check_header(file, bytes));
  return form;
}

Result<void> check_packed_tensors(const GgufFile& file, const PackedForm& form, ThreadPool& pool) {
  std::vector<std::span<const std::byte>> items;
  items.reserve(file.tensors.size());
  for (const GgufTensor& tensor : file.tensors) items.push_back(tensor.bytes);
  const std::vector<std::uint64_t> found = piecewise_digests(items, pool);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i] != form.digests[i])
      return damaged(file.tensors[i].name, "the bytes of the tensor " +
                                               quote_foreign(file.tensors[i].name) +
                                               " do not match their digest");
  return {};
}

std::string packed_header_digest(std::span<const std::byte> header, std::size_t digits_at) {
  const std::uint64_t parts[] = {xxh3_64(header.first(digits_at)),
                                 xxh3_64(header.subspan(digits_at + packed_digest_digits))};
  return digest_text(xxh3_64(std::as_bytes(std::span(parts))));
}

}  // namespace croft
