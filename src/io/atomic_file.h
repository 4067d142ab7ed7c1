#pragma once
/// A file that appears whole or not at all, also after a power cut.

#include <filesystem>
#include <span>
#include <string_view>

#include "base/error.h"

namespace croft {

/// Writes to a temporary file beside the target; `commit` makes it durable (fsync), renames it over
/// the target and makes the rename durable (fsync of the folder). Destroyed without a commit, it
/// leaves nothing. A crash can leave a file named "TARGET.XXXXXXXXXXXXXXXX.tmp". Not for several
/// threads at once.
class AtomicFile {
 public:
  /// Errors: NotFound (the folder); Io.
  static Result<AtomicFile> create(const std::filesystem::path& target);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  /// Appends. Errors: Io (the disk is full, say); the file can then only be destroyed.
  Result<void> write(std::span<const std::byte> bytes);
  /// Errors: Io; the target is then as it was. Call once, as the last.
  Result<void> commit();

 private:
  AtomicFile(std::filesystem::path target, std::filesystem::path temporary, int descriptor);
  void discard();

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Replaces `target` by `bytes`, whole or not at all.
Result<void> write_file_atomically(const std::filesystem::path& target,
                                   std::span<const std::byte> bytes);
Result<void> write_file_atomically(const std::filesystem::path& target, std::string_view text);

}  // namespace croft
