#include "text/byte_alphabet.h"

#include <array>

#include "text/utf8.h"

namespace croft {
namespace {

/// Visible Latin-1 characters spell themselves.
constexpr bool spells_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// The other 68 take the code points from U+0100 on, in byte order.
constexpr unsigned moved_count = 68;

constexpr std::array<char16_t, 256> spellings = [] {
  std::array<char16_t, 256> table{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    table[byte] = spells_itself(byte) ? static_cast<char16_t>(byte) : next++;
  }
  return table;
}();

constexpr std::array<unsigned char, moved_count> moved_bytes = [] {
  std::array<unsigned char, moved_count> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!spells_itself(byte)) {
      table[static_cast<std::size_t>(spellings[byte] - 0x100)] = static_cast<unsigned char>(byte);
    }
  }
  return table;
}();

}  // namespace

char32_t spell_byte(unsigned char byte) {
  return spellings[byte];
}

std::optional<std::string> unspell_bytes(std::string_view piece) {
  std::string bytes;
  bytes.reserve(piece.size());
  for (std::size_t at = 0; at < piece.size();) {
    const utf8::Step step = utf8::decode(piece, at);
    const char32_t value = step.value;
    if (!step.valid) return std::nullopt;
    if (value < 0x100 && spells_itself(static_cast<unsigned>(value))) {
      bytes += static_cast<char>(value);
    } else if (value >= 0x100 && value < 0x100 + moved_count) {
      bytes += static_cast<char>(moved_bytes[value - 0x100]);
    } else {
      return std::nullopt;
    }
    at += step.length;
  }
  return bytes;
}

}  // namespace croft
