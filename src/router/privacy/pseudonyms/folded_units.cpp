#include "router/privacy/pseudonyms/folded_units.h"

#include <algorithm>
#include <optional>

#include "router/privacy/characters.h"
#include "text/unicode.h"
#include "text/upper_case.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

/// What shows nothing: soft hyphens, joiners, direction marks, variation selectors.
bool is_skipped(char32_t c) {
  return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || c == 0x2060 ||
         c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F);
}

char32_t plain(char32_t c) {
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) return U'-';
  if (c == 0x2018 || c == 0x2019 || c == 0x02BC) return U'\'';
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFEE0;
  return c;
}

/// Chinese, Japanese and their neighbours put no spaces: nothing there goes on with a word before.
bool is_word(char32_t c) {
  if (c < 0x80) return is(static_cast<char>(c), kWord);
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  return c != 0xD7 && c != 0xF7 && c < 0x2E80 && !(c >= 0x2000 && c <= 0x2BFF);
}

void classify(Unit& unit) {
  if (is_space(unit.value)) {
    unit.kind = Unit::Kind::Space;
    unit.folded[0] = ' ';
    unit.folded_size = 1;
    return;
  }
  if (is_skipped(unit.value)) {
    unit.kind = Unit::Kind::Skipped;
    return;
  }
  const char32_t c = plain(unit.value);
  unit.is_word = is_word(c);
  if (c < 0x80) {
    unit.folded[0] = lower(static_cast<char>(c));
    unit.folded_size = 1;
    return;
  }
  std::string bytes;
  utf8::append(bytes, c);
  std::ranges::copy(bytes, unit.folded.begin());
  unit.folded_size = static_cast<std::uint8_t>(bytes.size());
}

std::optional<char32_t> hex_unit(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  char32_t value = 0;
  for (const char c : digits.substr(0, 4)) {
    if (!is(c, kHex)) return std::nullopt;
    value = 16 * value + static_cast<char32_t>(is(c, kDigit) ? c - '0' : lower(c) - 'a' + 10);
  }
  return value;
}

/// Whether `text` is the beginning of "\uXXXX" and not more.
bool begins_escape(std::string_view text) {
  if (text.size() >= 6 || !text.starts_with('\\')) return false;
  if (text.size() > 1 && text[1] != 'u') return false;
  return std::ranges::all_of(text.substr(std::min<std::size_t>(2, text.size())),
                             [](char c) { return is(c, kHex); });
}

struct Escape {
  char32_t value = 0;
  std::uint8_t length = 0;  ///< 0: none
  bool cut = false;
};

Escape unicode_escape(std::string_view rest, bool more) {
  if (more && begins_escape(rest)) return {.cut = true};
  if (!rest.starts_with("\\u")) return {};
  const auto unit = hex_unit(rest.substr(2));
  if (!unit) return {};
  if (*unit < 0xD800 || *unit >= 0xE000) return {.value = *unit, .length = 6};
  const std::string_view second = rest.substr(6);
  if (*unit < 0xDC00) {
    if (more && (second.empty() || begins_escape(second))) return {.cut = true};
    const auto low = second.starts_with("\\u") ? hex_unit(second.substr(2)) : std::nullopt;
    if (low && *low >= 0xDC00 && *low < 0xE000)
      return {.value = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), .length = 12};
  }
  return {.value = utf8::replacement, .length = 6};
}

Escape escape_at(std::string_view rest, Escapes escapes, bool more) {
  if (escapes == Escapes::None || !rest.starts_with('\\')) return {};
  if (const Escape found = unicode_escape(rest, more); found.cut || found.length != 0) return found;
  if (escapes == Escapes::Unicode || rest.size() < 2) return {};
  switch (rest[1]) {
    case '"':
    case '\\':
    case '/':
      return {.value = static_cast<char32_t>(rest[1]), .length = 2};
    case 'n':
      return {.value = U'\n', .length = 2};
    case 'r':
      return {.value = U'\r', .length = 2};
    case 't':
      return {.value = U'\t', .length = 2};
    case 'f':
      return {.value = U'\f', .length = 2};
    case 'b':
      return {.value = U'\b', .length = 2};
    default:
      return {};
  }
}

char32_t upper_of(char32_t c) {
  std::string bytes;
  utf8::append(bytes, c);
  return utf8::decode(unicode::upper_case(bytes), 0).value;
}
char32_t lower_of(char32_t c) {
  std::string bytes;
  utf8::append(bytes, c);
  return utf8::decode(unicode::lower_case(bytes), 0).value;
}

}  // namespace

Unit unit_at(std::string_view text, std::size_t at, Escapes escapes, bool more) {
  Unit unit;
  const std::string_view rest = text.substr(at);
  const Escape escape = escape_at(rest, escapes, more);
  if (escape.cut) return unit;
  if (escape.length != 0) {
    unit.value = escape.value;
    unit.length = escape.length;
    unit.is_escape = true;
  } else {
    const std::string_view character = rest.substr(0, 4);
    if (more && utf8::unfinished_suffix(character) == character.size()) return unit;
    const utf8::Step step = utf8::decode(rest, 0);
    unit.value = step.value;
    unit.length = step.length;
  }
  classify(unit);
  return unit;
}

std::string folded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Unit unit = unit_at(text, at, Escapes::None, false);
    at += unit.length;
    if (unit.kind == Unit::Kind::Space && out.ends_with(' ')) continue;
    out += unit.fold();
  }
  return out;
}

CaseStyle case_style(std::string_view text) {
  std::size_t uppers = 0;
  std::size_t lowers = 0;
  bool is_title = true;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    at += step.length;
    const char32_t c = step.value;
    const bool ascii = c < 0x80;
    const bool upper_ = ascii ? is(static_cast<char>(c), kUpper) : lower_of(c) != c;
    const bool lower_ = ascii ? is(static_cast<char>(c), kLower) : !upper_ && upper_of(c) != c;
    uppers += upper_ ? 1 : 0;
    lowers += lower_ ? 1 : 0;
    if (upper_ || lower_) is_title = is_title && upper_ == !in_word;
    in_word = is_word(c);
  }
  if (uppers + lowers == 0) return CaseStyle::None;
  if (lowers == 0) return uppers > 1 ? CaseStyle::Upper : CaseStyle::Title;
  if (uppers == 0) return CaseStyle::Lower;
  return is_title ? CaseStyle::Title : CaseStyle::Mixed;
}

std::string with_case(std::string_view text, CaseStyle style) {
  if (style == CaseStyle::Upper) return unicode::upper_case(text);
  if (style == CaseStyle::Lower) return unicode::lower_case(text);
  if (style != CaseStyle::Title) return std::string(text);
  std::string out;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    const std::string_view bytes = text.substr(at, step.length);
    at += step.length;
    if (!step.valid)
      out += bytes;
    else
      out += in_word ? unicode::lower_case(bytes) : unicode::upper_case(bytes);
    in_word = is_word(step.value);
  }
  return out;
}

std::string json_escaped(std::string_view text, int times) {
  std::string out(text);
  for (int i = 0; i < times; ++i) {
    std::string once;
    for (const char c : out) {
      constexpr std::string_view kHexDigits = "0123456789abcdef";
      if (c == '"' || c == '\\') {
        once += '\\';
        once += c;
      } else if (c == '\n') {
        once += "\\n";
      } else if (c == '\t') {
        once += "\\t";
      } else if (c == '\r') {
        once += "\\r";
      } else if (static_cast<unsigned char>(c) < 0x20) {
        once += "\\u00";
        once += kHexDigits[static_cast<unsigned char>(c) >> 4];
        once += kHexDigits[static_cast<unsigned char>(c) & 15];
      } else {
        once += c;
      }
    }
    out = std::move(once);
  }
  return out;
}

bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text.front() == '0')) return false;
  return std::ranges::all_of(text, [](char c) { return is(c, kDigit); });
}

}  // namespace croft::privacy
