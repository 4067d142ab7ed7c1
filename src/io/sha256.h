#pragma once
/// SHA-256, the digest of model files. OpenSSL lives in sha256.cpp only.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"

namespace croft {

/// Hashes bytes as they come. Not for several threads at once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  /// The digest as 64 lower-case hexadecimal digits. Ends this hash: no other call may follow.
  [[nodiscard]] std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::span<const std::byte> bytes);

/// Told bytes done and bytes in all, about once a MiB; false stops the work.
using HashProgress = std::function<bool(std::uint64_t bytes_done, std::uint64_t bytes_total)>;

/// Hashes a file as 64 hexadecimal digits, reading it piece by piece (no mapping: a file that
/// shrinks meanwhile is an error, not a crash). Errors: NotFound; Io; Cancelled (`progress` said
/// false).
Result<std::string> sha256_file(const std::filesystem::path& path,
                                const HashProgress& progress = {});

}  // namespace croft
