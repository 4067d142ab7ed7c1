#include "io/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/limits.h"

namespace croft {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // SHA-256 is built into OpenSSL: this fails only without memory.
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish_hex() {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1);
  CHECK(size == digest.size());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

namespace {

std::unexpected<Error> read_error(const std::filesystem::path& path, int number) {
  return fail(number == ENOENT || number == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io,
              "Cannot read " + path.string() + ": " + std::strerror(number),
              "Check the path and that this user may read it.");
}

Result<std::string> hash_descriptor(int descriptor, const std::filesystem::path& path,
                                    const HashProgress& progress) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return read_error(path, errno);
  const auto total = static_cast<std::uint64_t>(status.st_size);
  std::vector<std::byte> buffer(limits::MiB);
  Sha256 hash;
  std::uint64_t done = 0;
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return read_error(path, errno);
    if (count == 0) break;
    hash.update(std::span(buffer).first(static_cast<std::size_t>(count)));
    done += static_cast<std::uint64_t>(count);
    if (progress && !progress(done, total)) {
      return fail(ErrorCode::Cancelled, "Hashing " + path.string() + " was stopped");
    }
  }
  if (done != total) {
    return fail(ErrorCode::Io, path.string() + " changed while it was hashed",
                "Wait until nothing writes to it and try again.");
  }
  return hash.finish_hex();
}

}  // namespace

Result<std::string> sha256_file(const std::filesystem::path& path, const HashProgress& progress) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return read_error(path, errno);
  Result<std::string> hex = hash_descriptor(descriptor, path, progress);
  ::close(descriptor);
  return hex;
}

}  // namespace croft
