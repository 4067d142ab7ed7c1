#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace croft {
namespace {

std::unexpected<Error> io_error(std::string_view action, const std::filesystem::path& path) {
  const int number = errno;
  const bool missing = number == ENOENT || number == ENOTDIR;
  return fail(missing ? ErrorCode::NotFound : ErrorCode::Io,
              std::string(action) + " " + path.string() + ": " + std::strerror(number),
              number == ENOSPC
                  ? "Free some disk space and try again."
                  : "Check that the folder exists and that this user may write to it.");
}

/// A name beside the target that no other writer picks: 64 random bits.
std::filesystem::path temporary_name(const std::filesystem::path& target) {
  std::uint64_t random = 0;
  CHECK(::getrandom(&random, sizeof random, 0) == static_cast<ssize_t>(sizeof random));
  constexpr std::string_view digits = "0123456789abcdef";
  std::filesystem::path name = target;
  name += ".";
  for (int i = 0; i < 16; ++i, random >>= 4) name += digits[random & 15];
  name += ".tmp";
  return name;
}

/// Makes a rename in `folder` survive a power cut.
Result<void> sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return io_error("Cannot open", folder);
  // Some file systems (FUSE, network mounts) cannot sync a folder and say EINVAL; no more can be
  // done.
  if (::fsync(descriptor) == 0 || errno == EINVAL) {
    ::close(descriptor);
    return {};
  }
  auto error = io_error("Cannot sync", folder);
  ::close(descriptor);
  return error;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target, std::filesystem::path temporary,
                       int descriptor)
    : target_(std::move(target)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& target) {
  std::filesystem::path temporary = temporary_name(target);
  // Mode 0666 less the umask, as any program's new file; O_EXCL never follows a planted link.
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return io_error("Cannot create", temporary);
  return AtomicFile(target, std::move(temporary), descriptor);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(target_, other.target_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::discard() {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  CHECK(descriptor_ >= 0);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return io_error("Cannot write", temporary_);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  CHECK(descriptor_ >= 0);
  if (::fsync(descriptor_) != 0) return io_error("Cannot sync", temporary_);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    return io_error("Cannot replace", target_);
  ::close(std::exchange(descriptor_, -1));
  const std::filesystem::path folder = target_.parent_path();
  return sync_folder(folder.empty() ? "." : folder);
}

Result<void> write_file_atomically(const std::filesystem::path& target,
                                   std::span<const std::byte> bytes) {
  AtomicFile file = TRY(AtomicFile::create(target));
  TRY(file.write(bytes));
  return file.commit();
}

Result<void> write_file_atomically(const std::filesystem::path& target, std::string_view text) {
  return write_file_atomically(target, std::as_bytes(std::span(text)));
}

}  // namespace croft
