#include "router/privacy/crypto.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "io/sha256.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kPayload = 21;  // version and hash
constexpr std::size_t kBytes = kPayload + 4;

int hex_value(char c) {
  return is(c, kDigit) ? c - '0' : c - 'a' + 10;
}

std::array<std::byte, 32> sha256(std::span<const std::byte> bytes) {
  const std::string hex = sha256_hex(bytes);
  std::array<std::byte, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::byte>(16 * hex_value(hex[2 * i]) + hex_value(hex[2 * i + 1]));
  return digest;
}

}  // namespace

bool base58check_valid(std::string_view address) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  if (address.size() < 26 || address.size() > 35) return false;
  std::array<std::byte, kBytes> bytes{};
  for (const char c : address) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    auto carry = static_cast<unsigned>(value);
    for (std::size_t i = kBytes; i-- > 0;) {
      carry += 58u * std::to_integer<unsigned>(bytes[i]);
      bytes[i] = static_cast<std::byte>(carry & 0xFF);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  const auto version = std::to_integer<unsigned>(bytes[0]);
  if (version != 0 && version != 5) return false;
  const auto check = sha256(sha256(std::span(bytes).first(kPayload)));
  return std::equal(bytes.begin() + kPayload, bytes.end(), check.begin());
}

bool bech32_valid(std::string_view address) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                       0x3d4233dd, 0x2a1462b3};
  if (address.size() < 14 || address.size() > 90) return false;
  const bool is_upper = is(address[0], kUpper);
  std::uint32_t sum = 1;
  const auto step = [&](std::uint32_t value) {
    const std::uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i)
      if ((top >> i & 1) != 0) sum ^= kGenerator[i];
  };
  for (const char c : std::string_view("bc")) step(static_cast<std::uint32_t>(c >> 5));
  step(0);
  for (const char c : std::string_view("bc")) step(static_cast<std::uint32_t>(c & 31));
  for (const char c : address.substr(3)) {
    if (is(c, is_upper ? kLower : kUpper)) return false;
    const std::size_t value = kAlphabet.find(lower(c));
    if (value == std::string_view::npos) return false;
    step(static_cast<std::uint32_t>(value));
  }
  return sum == 1 || sum == 0x2bc830a3;
}

void read_crypto_address(Scan& scan, const Word& word) {
  const std::string_view text = scan.text.substr(word.start, word.size());
  if (text.size() < 14 || text.size() > 90) return;
  const auto is_prefix = [&](std::string_view prefix) {
    return is_word(text.substr(0, prefix.size()), prefix);
  };
  const bool is_ethereum = text.size() == 42 && is_prefix("0x") &&
                           std::ranges::all_of(text.substr(2), [](char c) { return is(c, kHex); });
  if (is_ethereum)
    scan.add(EntityType::Crypto, word.start, word.end, kShaped);
  else if ((text[0] == '1' || text[0] == '3') ? base58check_valid(text)
                                              : is_prefix("bc1") && bech32_valid(text))
    scan.add(EntityType::Crypto, word.start, word.end, kCertain);
}

}  // namespace croft::privacy
