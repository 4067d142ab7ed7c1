#pragma once
/// Memory straight from the system: page-aligned, zeroed, in large pages where it has them.

#include <cstddef>
#include <span>

#include "base/error.h"

namespace croft {

/// Owns one anonymous mapping; movable.
class AnonymousMemory {
 public:
  /// Errors: TooLarge (the machine's memory and the need named; `purpose` ends "memory for ...").
  static Result<AnonymousMemory> create(std::size_t size, const char* purpose);

  AnonymousMemory() = default;
  AnonymousMemory(AnonymousMemory&& other) noexcept;
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;
  ~AnonymousMemory();

  [[nodiscard]] std::span<std::byte> bytes() { return {data_, size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Takes whole pages inside a file's mapping out of this process's memory; they are read again from
/// the file when they are touched.
void drop_mapped_pages(std::span<const std::byte> bytes);

}  // namespace croft
