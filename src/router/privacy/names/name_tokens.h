#pragma once
/// Text as the tagger of names reads it: words, numbers, signs and line breaks, each with its form
/// and a hash that does not know case or accents.
///
/// Units:   offsets are bytes of the text given.
/// Threads: pure functions; one vector per thread.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace croft::privacy {

enum class TokenForm : std::uint8_t {
  Lower,        ///< smith
  Capitalised,  ///< Smith, O'Brien
  Upper,        ///< SMITH
  Initial,      ///< S
  Mixed,        ///< McDonald, iPhone
  Digits1,
  Digits2,
  Digits3,
  Digits4,
  Digits5,
  DigitsMany,
  Coded,    ///< letters and digits: 4th, B12
  Sign,     ///< one character that is neither letter, digit nor space
  Line,     ///< a line break, or several
  Address,  ///< of mail or the web: never part of a name
  Foreign,  ///< a script without the Latin letters that the tagger knows
};
inline constexpr std::size_t token_forms_count = static_cast<std::size_t>(TokenForm::Foreign) + 1;

struct NameToken {
  std::size_t start;
  std::size_t end;  ///< one past the last byte
  std::uint32_t hash;
  std::uint32_t suffix;  ///< of the last three letters
  TokenForm form;
  std::uint8_t lists = 0;       ///< bits of NameList; set by the tagger
  bool touches_before = false;  ///< no space between this token and the one before
};

/// Appends the tokens from `start` on until the text ends, or until there are about `tokens_max`:
/// it stops early where a sentence or line does. Returns where the next call goes on; it is always
/// beyond `start`, and tokens_max is passed by at most one. One look at every byte.
std::size_t read_name_tokens(std::string_view text, std::size_t start, std::size_t tokens_max,
                             std::vector<NameToken>& tokens);

/// One character of a word, as a plain ASCII letter of the same case.
struct PlainLetter {
  char plain = '\0';      ///< '\0': not a Latin letter up to U+017F
  std::size_t bytes = 1;  ///< of the character
};
[[nodiscard]] PlainLetter plain_letter(std::string_view text, std::size_t at);

/// The hash of a token's text, or of one entry of a list: ASCII case, and the case and accents of
/// Latin letters up to U+017F, do not count.
[[nodiscard]] std::uint32_t name_hash(std::string_view text);
/// The hash of a sign.
[[nodiscard]] std::uint32_t name_hash_of_sign(std::string_view sign);
/// The hash of two tokens in a row, made of theirs; for three, of the first two and the third.
[[nodiscard]] constexpr std::uint32_t name_hash_pair(std::uint32_t first, std::uint32_t second) {
  std::uint32_t hash = (first ^ 0x9E3779B9u) * 0x85EBCA6Bu + second;
  hash = (hash ^ (hash >> 15)) * 0xC2B2AE35u;
  return hash ^ (hash >> 13);
}

[[nodiscard]] constexpr bool is_number(TokenForm form) {
  return form >= TokenForm::Digits1 && form <= TokenForm::DigitsMany;
}
[[nodiscard]] constexpr bool is_capital(TokenForm form) {
  return form >= TokenForm::Capitalised && form <= TokenForm::Mixed;
}

}  // namespace croft::privacy
