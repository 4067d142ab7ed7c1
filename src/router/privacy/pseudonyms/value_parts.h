#pragma once
/// What values are made of: words, and the parts of a person's name.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "router/privacy/characters.h"

namespace croft::privacy {

/// The lines of text[begin, end) that hold more than spaces, as visit(begin, end): an address may
/// run over several, and whether a line's end is one or an escape is not the value's business.
template <typename Visit>
void each_line(std::string_view text, std::size_t begin, std::size_t end, Visit visit) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  while (begin < end) {
    std::size_t stop = begin;
    while (stop < end && !is_control(text[stop])) ++stop;
    std::size_t first = begin;
    std::size_t last = stop;
    while (first < last && text[first] == ' ') ++first;
    while (last > first && text[last - 1] == ' ') --last;
    if (first < last) visit(first, last);
    begin = stop + 1;
  }
}

/// Of words that are run together ("aKendall", "getOrder"): their parts, in lower case, as
/// are_run_together (match_phrase.cpp) parts them.
template <typename Visit>
void each_joined_word(std::string_view text, Visit visit) {
  const auto letter = [&](std::size_t at) {
    return at < text.size() && is(text[at], kWord) && !is(text[at], kDigit);
  };
  std::string part;
  for (std::size_t at = 0; at < text.size();) {
    if (!letter(at)) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    std::size_t from = at;
    const auto give = [&](std::size_t end) {
      part.assign(text.substr(from, end - from));
      for (char& c : part) c = lower(c);
      visit(std::string_view(part));
      from = end;
    };
    for (++at; letter(at); ++at)
      if (is(text[at - 1], kLower) && is(text[at], kUpper)) give(at);
    if (from != begin) give(at);
  }
}

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
