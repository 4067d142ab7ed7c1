#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace croft {
namespace {

/// Closes the descriptor on every path; the mapping lives on without it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<Error> system_error(std::string_view action, const std::filesystem::path& path,
                                    int error_number) {
  std::string message =
      std::string(action) + " " + path.string() + ": " + std::strerror(error_number);
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return fail(ErrorCode::NotFound, std::move(message), "Check the path.");
  }
  return fail(ErrorCode::Io, std::move(message), "Check that the file can be read by this user.");
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not hang before fstat can refuse it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return system_error("Cannot open", path, errno);
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return system_error("Cannot inspect", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::Io, path.string() + " is not a regular file",
                "Give the path of a file, not of a folder or device.");
  }
  MappedFile mapped;
  if (status.st_size == 0) return mapped;  // mmap refuses a length of 0
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (data == MAP_FAILED) return system_error("Cannot map", path, errno);
  mapped.data_ = static_cast<const std::byte*>(data);
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace croft
