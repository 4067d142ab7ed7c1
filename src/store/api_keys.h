#pragma once
/// API keys, hashed at rest. A key is `sk-croft-` and 256 random bits in base64url; the file keeps
/// one line per key with a salted BLAKE2b hash. A fast hash is right here: guessing 256 random bits
/// is hopeless at any speed, and a slow one (Argon2id) would let anyone burn our CPU by sending
/// wrong keys.
///
/// File format, one key a line, `#` starts a comment line:
///   croft-key-1 SALT HASH CREATED LABEL
/// SALT is 16 and HASH 32 bytes in unpadded base64url, CREATED an ISO 8601 time, LABEL the rest of
/// the line.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

/// The keys of one file. Immutable after `load`, so any number of threads may call `verify`.
class ApiKeys {
 public:
  /// Reads the file; an absent one means no keys. Errors: Corrupt (line number named); Forbidden
  /// where group or others may write the file; Io.
  static Result<ApiKeys> load(const std::filesystem::path& path);

  /// Makes a key, appends its hash to the file (created 0600, replaced atomically, safe against
  /// another process doing the same) and returns the key, which is stored nowhere: show it once.
  /// `label` names the owner in listings: 1 to 64 bytes of UTF-8 without control characters.
  /// Errors: InvalidArgument (label); whatever `load` returns; Io.
  static Result<std::string> create(const std::filesystem::path& path, std::string_view label);

  /// Whether `key` is one of ours. The time depends on the number of keys and the length of `key`
  /// only: every entry is hashed and compared whole.
  [[nodiscard]] bool verify(std::string_view key) const { return find(key).has_value(); }
  /// Which entry `key` is, from 0; in verify's time.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view key) const;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  static constexpr std::size_t salt_bytes = 16;
  static constexpr std::size_t hash_bytes = 32;
  struct Entry {
    std::array<std::uint8_t, salt_bytes> salt{};
    std::array<std::uint8_t, hash_bytes> hash{};
    std::string label;
  };
  static Result<Entry> parse_line(std::string_view line, std::size_t line_number,
                                  const std::filesystem::path& path);

  std::vector<Entry> entries_;
};

}  // namespace croft
