#include "router/dialects/utf8_joiner.h"

#include <cstdint>

#include "text/utf8.h"

namespace croft::dialects {
namespace {

constexpr std::size_t half_bytes = 3;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Whether a high half (D800 to DBFF) or a low one (DC00 to DFFF) stands at `at`, or may come to
/// stand there: `text` may end within it.
bool may_be_half(std::string_view text, std::size_t at, bool high) {
  if (at >= text.size()) return true;
  if (byte_at(text, at) != 0xED) return false;
  if (at + 1 >= text.size()) return true;
  if ((byte_at(text, at + 1) & 0xF0) != (high ? 0xA0 : 0xB0)) return false;
  return at + 2 >= text.size() || (byte_at(text, at + 2) & 0xC0) == 0x80;
}

char32_t half_value(std::string_view text, std::size_t at) {
  return ((byte_at(text, at + 1) & 0x0Fu) << 6) | (byte_at(text, at + 2) & 0x3Fu);
}

/// Bytes at the end that may yet become a character.
std::size_t held_bytes(std::string_view text) {
  const std::size_t longest = text.size() < 2 * half_bytes - 1 ? text.size() : 2 * half_bytes - 1;
  for (std::size_t length = longest; length >= half_bytes; --length) {
    const std::size_t at = text.size() - length;
    if (may_be_half(text, at, true) && may_be_half(text, at + half_bytes, false)) return length;
  }
  // The two bytes that begin a half begin no character, so utf8 does not know them.
  if (text.size() >= 2 && may_be_half(text, text.size() - 2, true)) return 2;
  return utf8::unfinished_suffix(text);
}

/// Each high half followed by a low one becomes the character they stand for.
void join_halves(std::string& text) {
  if (text.find('\xED') == std::string::npos) return;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool pair = at + 2 * half_bytes <= text.size() && may_be_half(text, at, true) &&
                      may_be_half(text, at + half_bytes, false);
    if (!pair) {
      out += text[at++];
      continue;
    }
    utf8::append(out, 0x10000 + (half_value(text, at) << 10) + half_value(text, at + half_bytes));
    at += 2 * half_bytes;
  }
  text = std::move(out);
}

}  // namespace

std::string Utf8Joiner::push(std::string_view piece) {
  std::string text = std::move(held_);
  text += piece;
  const std::size_t held = held_bytes(text);
  held_ = text.substr(text.size() - held);
  text.resize(text.size() - held);
  join_halves(text);
  if (utf8::is_valid(text)) return text;
  return utf8::repair(text, utf8::Invalid::MaximalSubpart);
}

std::string Utf8Joiner::flush() {
  if (held_.empty()) return {};
  const std::string rest = std::move(held_);
  held_.clear();
  return utf8::repair(rest, utf8::Invalid::MaximalSubpart);
}

}  // namespace croft::dialects
