#pragma once
/// The secret part of an API key: made, hashed, compared. libsodium lives in key_secret.cpp and
/// secret_file.cpp only.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

/// Errors: Internal (no source of randomness). Any thread, any number of times.
Result<void> start_key_secrets();

/// "sk-croft-" and 256 random bits in base64url.
[[nodiscard]] std::string make_api_key();
/// Whether it looks like one that make_api_key() made, here or elsewhere.
[[nodiscard]] bool is_own_key(std::string_view key);
/// For salts, peppers and ids that must not be guessed or come twice.
void fill_random(std::span<std::uint8_t> bytes);

/// BLAKE2b of the key with `salt` (16 to 64 bytes) as its key.
[[nodiscard]] std::array<std::uint8_t, 32> hash_api_key(std::string_view key,
                                                        std::span<const std::uint8_t> salt);
/// In a time that does not depend on what they hold. Spans of one length.
[[nodiscard]] bool equal_in_constant_time(std::span<const std::uint8_t> a,
                                          std::span<const std::uint8_t> b);

/// Base64url without padding.
[[nodiscard]] std::string to_base64url(std::span<const std::uint8_t> bytes);
/// False where `text` is not exactly as many bytes as `out` has.
[[nodiscard]] bool from_base64url(std::string_view text, std::span<std::uint8_t> out);

}  // namespace croft
