#include "router/privacy/names/name_tokens.h"

#include <array>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr std::uint32_t kHashStart = 2166136261u;
constexpr std::size_t kWordBytesMax = 96;  // longer ones are no names

constexpr std::uint32_t step(std::uint32_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 16777619u;
}
constexpr std::uint32_t finished(std::uint32_t hash) {
  hash = (hash ^ (hash >> 16)) * 0x7FEB352Du;
  hash = (hash ^ (hash >> 15)) * 0x846CA68Bu;
  return hash ^ (hash >> 16);
}

/// The ASCII letters that U+00C0 to U+017F are written with where there are no others; upper case
/// where the character is. A space: no letter.
constexpr std::string_view kPlain =
    "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSs"
    "Ss"
    "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(kPlain.size() == 0x180 - 0xC0);

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Bytes of a quotation mark, dash or other sign of U+00A0 to U+00BF or U+2000 to U+206F here, or
/// 0.
std::size_t high_sign(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == 0xC2 && at + 1 < text.size() && is_continuation(text[at + 1])) return 2;
  if (byte == 0xE2 && at + 2 < text.size() && is_continuation(text[at + 2]) &&
      (static_cast<unsigned char>(text[at + 1]) == 0x80 ||
       static_cast<unsigned char>(text[at + 1]) == 0x81))
    return 3;
  return 0;
}

/// Bytes of an apostrophe here, or 0.
std::size_t apostrophe(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == '\'') return 1;
  return text.substr(at, 3) == "\u2019" ? 3 : 0;
}

struct Counts {
  std::size_t letters = 0;
  std::size_t capitals = 0;
  std::size_t digits = 0;
  bool first_is_capital = false;
  bool has_foreign = false;
};

TokenForm form_of(const Counts& counts) {
  using enum TokenForm;
  if (counts.has_foreign) return Foreign;
  if (counts.letters == 0)
    return counts.digits > 5
               ? DigitsMany
               : static_cast<TokenForm>(static_cast<std::size_t>(Digits1) + counts.digits - 1);
  if (counts.digits > 0) return Coded;
  if (counts.capitals == 0) return Lower;
  if (counts.letters == 1) return Initial;
  if (counts.capitals == counts.letters) return Upper;
  return counts.first_is_capital && counts.capitals == 1 ? Capitalised : Mixed;
}

/// Reads a word or number from `start` on.
NameToken read_word(std::string_view text, std::size_t start) {
  NameToken token{.start = start, .end = start, .hash = kHashStart, .suffix = 0, .form = {}};
  Counts counts;
  std::uint32_t last_three = 0;
  std::size_t at = start;
  while (at < text.size()) {
    const char c = text[at];
    if (is(c, kDigit)) {
      ++counts.digits;
      token.hash = step(token.hash, c);
      ++at;
      continue;
    }
    if (is(c, kHigh) && high_sign(text, at) != 0) {
      // O’Brien, D’Angelo, l’Avenue: a letter, the sign, a word; I’ve is two.
      const std::size_t sign = apostrophe(text, at);
      if (sign == 0 || counts.letters != 1 || lower(text[start]) == 'i' ||
          at + sign >= text.size() || plain_letter(text, at + sign).plain == '\0')
        break;
      at += sign;
      continue;
    }
    if (c == '\'' && counts.letters == 1 && counts.digits == 0 && lower(text[start]) != 'i' &&
        at + 1 < text.size() && plain_letter(text, at + 1).plain != '\0') {
      ++at;
      continue;
    }
    if (!is(c, kLetter)) break;
    const PlainLetter letter = plain_letter(text, at);
    if (letter.plain == '\0') {
      counts.has_foreign = true;
      ++counts.letters;
      at += letter.bytes;
      continue;
    }
    const char small = lower(letter.plain);
    const bool is_capital = small != letter.plain;
    if (counts.letters == 0) counts.first_is_capital = is_capital;
    counts.capitals += is_capital;
    ++counts.letters;
    token.hash = step(token.hash, small);
    last_three = last_three << 8 | static_cast<unsigned char>(small);
    at += letter.bytes;
  }
  token.end = at;
  token.hash = finished(token.hash);
  token.suffix = finished(last_three & 0xFFFFFFu);
  token.form = at - start > kWordBytesMax ? TokenForm::Foreign : form_of(counts);
  return token;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/// Whether an address of mail or the web goes on over this sign.
bool makes_address(std::string_view text, std::size_t at) {
  if (at == 0 || at + 1 >= text.size() || !is(text[at - 1], kWord)) return false;
  return (text[at] == '@' && is(text[at + 1], kWord)) || text.substr(at, 3) == "://";
}

/// Makes one token of an address: what was read of it without a space, and what follows.
std::size_t read_address(std::string_view text, std::size_t at, std::size_t first,
                         std::vector<NameToken>& tokens) {
  while (tokens.size() > first + 1 && tokens.back().touches_before) tokens.pop_back();
  while (at < text.size() && !is_space(text[at]) && text[at] != '<' && text[at] != '>' &&
         text[at] != '"' && text[at] != ',' && text[at] != ';')
    ++at;
  while (text[at - 1] == '.' || text[at - 1] == '?' || text[at - 1] == '!') --at;
  NameToken& token = tokens.back();
  token.end = at;
  token.form = TokenForm::Address;
  token.hash = 1;
  token.suffix = 0;
  return at;
}

}  // namespace

PlainLetter plain_letter(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is(c, kUpper | kLower)) return {c, 1};
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0xC0) return {'\0', 1};
  if (byte <= 0xDF) {
    if (at + 1 >= text.size() || !is_continuation(text[at + 1])) return {'\0', 1};
    const unsigned code = (byte & 0x1Fu) << 6 | (static_cast<unsigned char>(text[at + 1]) & 0x3Fu);
    if (code < 0xC0 || code >= 0x180 || kPlain[code - 0xC0] == ' ') return {'\0', 2};
    return {kPlain[code - 0xC0], 2};
  }
  // Vietnamese and other Latin letters of three bytes: known to be letters, nothing more.
  const std::size_t bytes = byte < 0xF0 ? 3 : 4;
  std::size_t there = 1;
  while (there < bytes && at + there < text.size() && is_continuation(text[at + there])) ++there;
  const bool is_latin_extended = byte == 0xE1 && there == 3 &&
                                 static_cast<unsigned char>(text[at + 1]) >= 0xB8 &&
                                 static_cast<unsigned char>(text[at + 1]) <= 0xBB;
  return {is_latin_extended ? 'o' : '\0', there};
}

std::uint32_t name_hash(std::string_view text) {
  return text.empty() ? 0 : read_word(text, 0).hash;
}

std::uint32_t name_hash_of_sign(std::string_view sign) {
  std::uint32_t hash = kHashStart;
  for (const char c : sign) hash = step(hash, c);
  return finished(hash);
}

std::size_t read_name_tokens(std::string_view text, std::size_t start, std::size_t tokens_max,
                             std::vector<NameToken>& tokens) {
  const std::size_t first = tokens.size();
  std::size_t at = start;
  bool touches = false;
  const auto add = [&](NameToken token) {
    token.touches_before = touches && tokens.size() > first;
    tokens.push_back(token);
    at = token.end;
    touches = true;
  };
  while (at < text.size() && tokens.size() - first < tokens_max) {
    const char c = text[at];
    if (is_space(c)) {
      const std::size_t begin = at;
      bool is_line = false;
      for (; at < text.size() && is_space(text[at]); ++at) is_line = is_line || text[at] == '\n';
      touches = false;
      if (!is_line) continue;
      add({.start = begin, .end = at, .hash = 2, .suffix = 0, .form = TokenForm::Line});
      touches = false;
      if (tokens.size() - first > tokens_max / 2) break;
      continue;
    }
    const std::size_t sign = is(c, kHigh) ? high_sign(text, at) : is(c, kLetter | kDigit) ? 0 : 1;
    if (sign == 0) {
      add(read_word(text, at));
      continue;
    }
    if (!tokens.empty() && tokens.size() > first && touches && makes_address(text, at)) {
      at = read_address(text, at, first, tokens);
      continue;
    }
    add({.start = at,
         .end = at + sign,
         .hash = name_hash_of_sign(text.substr(at, sign)),
         .suffix = 0,
         .form = TokenForm::Sign});
    const bool ends = c == '!' || c == '?';
    if (ends && tokens.size() - first > tokens_max * 3 / 4) break;
  }
  return at;
}

}  // namespace croft::privacy
