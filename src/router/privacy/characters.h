#pragma once
/// Classes of bytes that the recognisers ask for. Bytes of multi-byte characters count as letters:
/// what needs folding was folded before (fold.h).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace croft::privacy {

enum ByteClass : std::uint8_t {
  kDigit = 1,
  kUpper = 2,
  kLower = 4,
  kHigh = 8,    ///< part of a multi-byte character
  kHex = 16,    ///< 0-9 a-f A-F
  kToken = 32,  ///< what keys and tokens are written in: letters, digits and +/=_-
  kLocal = 64,  ///< the local part of an e-mail address, in ASCII
};
inline constexpr std::uint8_t kLetter = kUpper | kLower | kHigh;
inline constexpr std::uint8_t kWord = kLetter | kDigit;

consteval std::array<std::uint8_t, 256> byte_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&](char c, unsigned bits) {
    auto& slot = table[static_cast<unsigned char>(c)];
    slot = static_cast<std::uint8_t>(slot | bits);
  };
  for (char c = '0'; c <= '9'; ++c) add(c, kDigit | kHex | kToken | kLocal);
  for (char c = 'a'; c <= 'z'; ++c) add(c, kLower | kToken | kLocal);
  for (char c = 'A'; c <= 'Z'; ++c) add(c, kUpper | kToken | kLocal);
  for (char c = 'a'; c <= 'f'; ++c) add(c, kHex);
  for (char c = 'A'; c <= 'F'; ++c) add(c, kHex);
  for (const char c : std::string_view("+/=_-")) add(c, kToken);
  for (const char c : std::string_view("._%+-'~#!$*^")) add(c, kLocal);
  for (unsigned byte = 0x80; byte < 0x100; ++byte) table[byte] = kHigh;
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kByteClass = byte_classes();

[[nodiscard]] constexpr std::uint8_t class_of(char c) {
  return kByteClass[static_cast<unsigned char>(c)];
}
[[nodiscard]] constexpr bool is(char c, std::uint8_t classes) {
  return (class_of(c) & classes) != 0;
}
[[nodiscard]] constexpr char lower(char c) {
  return is(c, kUpper) ? static_cast<char>(c + ('a' - 'A')) : c;
}
[[nodiscard]] constexpr char upper(char c) {
  return is(c, kLower) ? static_cast<char>(c - ('a' - 'A')) : c;
}

/// Whether `text` is `word`, which is in lower case; ASCII letters in either case.
[[nodiscard]] constexpr bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != word[i]) return false;
  return true;
}

}  // namespace croft::privacy
