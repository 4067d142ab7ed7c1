#pragma once
/// Reads little-endian values from untrusted bytes, front to back. No read can pass the end; an
/// error names the field and its offset. Used inside src/io only.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

static_assert(std::endian::native == std::endian::little, "model files are read in place");
static_assert(sizeof(std::size_t) == 8, "file sizes are used as std::size_t");

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t remaining() const { return bytes_.size() - offset_; }

  /// The next `count` bytes. `field` completes the sentence "The file ends inside FIELD".
  Result<std::span<const std::byte>> take(std::uint64_t count, std::string_view field);

  template <typename T>
    requires std::integral<T> || std::floating_point<T>
  Result<T> read(std::string_view field) {
    const std::span<const std::byte> taken = TRY(take(sizeof(T), field));
    T value;
    std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }

  /// A string with a u64 length in front. More than `bytes_max` bytes is an error too.
  Result<std::string_view> string(std::string_view field, std::uint64_t bytes_max);

  /// "Corrupt: WHAT at byte OFFSET", for a field that began at `field_offset`.
  [[nodiscard]] static std::unexpected<Error> corrupt(std::string_view what,
                                                      std::uint64_t field_offset);

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t offset_ = 0;
};

}  // namespace croft
