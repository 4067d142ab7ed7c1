// Look-ups in a parsed GGUF file.
#include <string>

#include "io/gguf.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

std::unexpected<Error> wrong_kind(std::string_view key, std::string_view expected) {
  return fail(ErrorCode::Corrupt,
              "Metadata key " + quote_foreign(key) + " is not " + std::string(expected),
              "Convert the model again from its source.", std::string(key));
}

/// The alternative T of the key's value; null where the key is absent.
template <typename T>
Result<const T*> get(const GgufFile& file, std::string_view key, std::string_view expected) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) return nullptr;
  const T* found = std::get_if<T>(&value->data);
  if (found == nullptr) return wrong_kind(key, expected);
  return found;
}

template <typename T>
Result<std::optional<T>> get_copy(const GgufFile& file, std::string_view key,
                                  std::string_view expected) {
  const T* found = TRY(get<T>(file, key, expected));
  if (found == nullptr) return std::nullopt;
  return *found;
}

}  // namespace

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto i = key_index_.find(key, [&](std::uint32_t at) { return metadata[at].first; });
  return i ? &metadata[*i].second : nullptr;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto i = tensor_index_.find(name, [&](std::uint32_t at) { return tensors[at].name; });
  return i ? &tensors[*i] : nullptr;
}

Result<std::optional<std::int64_t>> GgufFile::integer(std::string_view key) const {
  return get_copy<std::int64_t>(*this, key, "an integer of at most 63 bits");
}

Result<std::optional<double>> GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* real = std::get_if<double>(&value->data)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value->data)) {
    return static_cast<double>(*whole);
  }
  if (const auto* large = std::get_if<std::uint64_t>(&value->data)) {
    return static_cast<double>(*large);
  }
  return wrong_kind(key, "a number");
}

Result<std::optional<bool>> GgufFile::boolean(std::string_view key) const {
  return get_copy<bool>(*this, key, "a boolean");
}

Result<std::optional<std::string_view>> GgufFile::string(std::string_view key) const {
  return get_copy<std::string_view>(*this, key, "a string");
}

Result<const GgufStrings*> GgufFile::strings(std::string_view key) const {
  return get<GgufStrings>(*this, key, "an array of strings");
}

Result<const GgufNumbers*> GgufFile::numbers(std::string_view key) const {
  return get<GgufNumbers>(*this, key, "an array of numbers");
}

}  // namespace croft
