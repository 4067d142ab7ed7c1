#pragma once
/// What values are made of: words, and the parts of a person's name.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "router/privacy/characters.h"

namespace croft::privacy {

/// Of a word: what stands between characters from U+2000 on.
template <typename Visit>
void each_latin_run(std::string_view word, Visit visit) {
  const auto is_foreign = [](char c) { return static_cast<unsigned char>(c) >= 0xE2; };
  const auto is_rest = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  for (std::size_t at = 0; at < word.size();) {
    if (is_foreign(word[at])) {
      do ++at;
      while (at < word.size() && is_rest(word[at]));
      continue;
    }
    const std::size_t begin = at;
    while (at < word.size() && !is_foreign(word[at])) ++at;
    visit(word.substr(begin, at - begin));
  }
}

/// Calls visit(word) for each run of letters or of digits; words are lower-cased in ASCII, but
/// where the text is lower case already they point into it.
template <typename Visit>
void each_word(std::string_view text, Visit visit) {
  std::string lowered;
  for (std::size_t at = 0; at < text.size();) {
    if (!is(text[at], kWord)) {
      ++at;
      continue;
    }
    const bool digits = is(text[at], kDigit);
    std::size_t end = at;
    bool has_upper = false;
    while (end < text.size() && is(text[end], kWord) && is(text[end], kDigit) == digits) {
      has_upper = has_upper || is(text[end], kUpper);
      ++end;
    }
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (!has_upper) {
      visit(word);
      continue;
    }
    lowered.assign(word);
    for (char& c : lowered) c = lower(c);
    visit(std::string_view(lowered));
  }
}

/// Calls visit(run) for each run without spaces that has a digit, without the signs at its ends.
template <typename Visit>
void each_run(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    bool has_digit = false;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ')
      has_digit = is(text[end++], kDigit) || has_digit;
    std::string_view run = text.substr(at, end - at);
    at = end + 1;
    if (!has_digit) continue;
    while (!is(run.front(), kWord)) run.remove_prefix(1);
    while (!is(run.back(), kWord)) run.remove_suffix(1);
    visit(run);
  }
}

enum class NameRole : std::uint8_t {
  Name,
  Initial,   ///< one letter
  Title,     ///< "Dr", "Jr"
  Particle,  ///< "von", "de la"
};
struct NamePart {
  std::size_t start;
  std::size_t end;  ///< bytes of the name
  NameRole role;
};
/// Words of letters (apostrophes within count as such), at hyphens apart.
[[nodiscard]] std::vector<NamePart> name_parts(std::string_view name);

/// The first character of a text, with all its bytes.
[[nodiscard]] std::string first_letter(std::string_view text);

}  // namespace croft::privacy
