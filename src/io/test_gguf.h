#pragma once
/// For tests of src/io only: builds GGUF bytes that may lie, which GgufWriter refuses to.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croft {

/// Appends raw little-endian fields.
class RawGguf {
 public:
  template <typename T>
  RawGguf& put(T value) {
    char buffer[sizeof(T)];
    std::memcpy(buffer, &value, sizeof(T));
    bytes.append(buffer, sizeof(T));
    return *this;
  }
  RawGguf& text(std::string_view value) { return put<std::uint64_t>(value.size()).raw(value); }
  RawGguf& raw(std::string_view value) {
    bytes += value;
    return *this;
  }
  RawGguf& header(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
    return raw("GGUF").put(version).put(tensors).put(keys);
  }
  /// A key with its type number; the value follows.
  RawGguf& key(std::string_view name, std::uint32_t type) { return text(name).put(type); }
  /// A tensor record; `shape` in the file's order, fastest dimension first.
  RawGguf& tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                  std::uint32_t type, std::uint64_t offset) {
    text(name).put(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t size : shape) put(size);
    return put(type).put(offset);
  }
  /// Zeros up to a multiple of `alignment`, then `size` bytes of data.
  RawGguf& data(std::size_t size, std::size_t alignment = 32) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    bytes.append(size, '\x5a');
    return *this;
  }
  [[nodiscard]] std::span<const std::byte> span() const { return std::as_bytes(std::span(bytes)); }

  std::string bytes = {};
};

/// A valid file with one value of each kind and two tensors; ends with its last byte of data.
inline RawGguf small_gguf() {
  RawGguf file;
  file.header(2, 6);
  file.key("general.architecture", 8).text("test");
  file.key("general.alignment", 4).put<std::uint32_t>(32);
  file.key("flag", 7).put<std::uint8_t>(1);
  file.key("words", 9).put<std::uint32_t>(8).put<std::uint64_t>(2).text("a").text("bc");
  file.key("scores", 9).put<std::uint32_t>(6).put<std::uint64_t>(2).put(0.5F).put(1.5F);
  file.key("large", 10).put<std::uint64_t>(1ULL << 63);
  file.tensor("first", {4, 2}, 0, 0);
  file.tensor("second", {32}, 8, 32);
  return file.data(32 + 34);
}

}  // namespace croft
