#include "router/privacy/json_unescape.h"

#include <optional>

#include "router/privacy/characters.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

std::optional<char32_t> hex_unit(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\\u" || text.size() - at < 6) return std::nullopt;
  char32_t value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    if (!is(c, kHex)) return std::nullopt;
    const int digit = is(c, kDigit) ? c - '0' : lower(c) - 'a' + 10;
    value = 16 * value + static_cast<char32_t>(digit);
  }
  return value;
}

/// The escape at `at`, a backslash; how many bytes it has, 0 where it is none.
std::size_t unescape_one(std::string_view text, std::size_t at, std::string& out) {
  if (at + 1 == text.size()) return 0;
  switch (text[at + 1]) {
    case '"':
    case '\\':
    case '/':
      out += text[at + 1];
      return 2;
    case 'n':
    case 'r':
    case 'f':
      out += '\n';
      return 2;
    case 't':
    case 'b':
      out += ' ';
      return 2;
    default:
      break;
  }
  const auto unit = hex_unit(text, at);
  if (!unit) return 0;
  if (*unit >= 0xD800 && *unit < 0xDC00) {
    const auto low = hex_unit(text, at + 6 <= text.size() ? at + 6 : text.size());
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      utf8::append(out, 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00));
      return 12;
    }
  }
  utf8::append(out, *unit);
  return 6;
}

}  // namespace

bool json_unescaped(std::string_view text, std::string& out) {
  out.clear();
  std::size_t at = 0;
  bool changed = false;
  while (true) {
    const std::size_t next = std::min(text.find('\\', at), text.size());
    out.append(text.substr(at, next - at));
    if (next == text.size()) return changed;
    const std::size_t length = unescape_one(text, next, out);
    if (length == 0) out += '\\';
    changed = changed || length != 0;
    at = next + (length == 0 ? 1 : length);
  }
}

}  // namespace croft::privacy
