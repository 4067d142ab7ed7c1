#pragma once
/// A read-only memory-mapped file.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/error.h"

namespace croft {

/// Owns the mapping; movable. `bytes()` stays valid for its lifetime. The file must not be
/// truncated meanwhile: install by rename, never by overwriting (a truncated mapping raises
/// SIGBUS).
class MappedFile {
 public:
  /// Errors: NotFound; Io (permission, a directory). An empty file maps to an empty span.
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace croft
