#include "store/key_secret.h"

#include <sodium.h>

#include "base/check.h"

namespace croft {
namespace {

constexpr std::string_view key_prefix = "sk-croft-";
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

bool is_own_key(std::string_view key) {
  return key.starts_with(key_prefix);
}

Result<void> start_key_secrets() {
  // Returns 1 when it ran before; safe from several threads.
  if (sodium_init() < 0)
    return fail(ErrorCode::Internal, "libsodium could not start: no source of randomness");
  return {};
}

void fill_random(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
}

std::string make_api_key() {
  std::array<std::uint8_t, 32> secret{};
  fill_random(secret);
  std::string key = std::string(key_prefix) + to_base64url(secret);
  sodium_memzero(secret.data(), secret.size());
  return key;
}

std::array<std::uint8_t, 32> hash_api_key(std::string_view key,
                                          std::span<const std::uint8_t> salt) {
  std::array<std::uint8_t, 32> out{};
  CHECK(salt.size() >= crypto_generichash_KEYBYTES_MIN &&
        salt.size() <= crypto_generichash_KEYBYTES_MAX);
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size(), salt.data(), salt.size());
  return out;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  CHECK(a.size() == b.size());
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_base64url(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), base64_variant);
  text.pop_back();  // the terminating zero
  return text;
}

bool from_base64url(std::string_view text, std::span<std::uint8_t> out) {
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length, &end,
                           base64_variant) == 0 &&
         length == out.size() && end == text.data() + text.size();
}

}  // namespace croft
