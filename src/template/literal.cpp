#include "template/literal.h"

#include <charconv>
#include <cstdlib>

#include "template/failure.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Code point from exactly `count` hexadecimal digits at `at`.
char32_t read_hex(std::string_view text, std::size_t& at, std::size_t count, std::size_t line) {
  char32_t value = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    const int digit = at < text.size() ? hex_digit(text[at]) : -1;
    if (digit < 0) stop("a string literal holds a truncated \\x, \\u or \\U escape", line);
    value = value * 16 + static_cast<char32_t>(digit);
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    stop("a string literal holds an escape that is no Unicode character", line);
  }
  return value;
}

char simple_escape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return '\0';
  }
}

/// Length of `\d+(_\d+)*` at the start, 0 where there is none. `is_digit` decides what a digit is.
template <typename IsDigit>
std::size_t digits_length(std::string_view text, IsDigit is_digit) {
  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) {
    ++at;
    if (at + 1 < text.size() && text[at] == '_' && is_digit(text[at + 1])) ++at;
  }
  return at;
}

std::size_t exponent_length(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  std::size_t at = 1;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t digits = digits_length(text.substr(at), is_ascii_digit);
  return digits == 0 ? 0 : at + digits;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out.push_back(c);
  }
  return out;
}

std::size_t float_length(std::string_view text) {
  const std::size_t whole = digits_length(text, is_ascii_digit);
  if (whole == 0) return 0;
  std::size_t at = whole;
  if (at + 1 < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_length(text.substr(at + 1), is_ascii_digit);
    if (fraction > 0) at += 1 + fraction;
  }
  const std::size_t exponent = exponent_length(text.substr(at));
  return at == whole && exponent == 0 ? 0 : at + exponent;
}

std::size_t integer_length(std::string_view text, int& base) {
  base = 10;
  if (text.size() > 2 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    const int wanted = mark == 'b' ? 2 : mark == 'o' ? 8 : mark == 'x' ? 16 : 10;
    const std::size_t skip = text[2] == '_' ? 3 : 2;
    const auto is_digit = [&](char c) { return hex_digit(c) >= 0 && hex_digit(c) < wanted; };
    const std::size_t digits =
        wanted == 10 || skip >= text.size() ? 0 : digits_length(text.substr(skip), is_digit);
    if (digits > 0) {
      base = wanted;
      return skip + digits;
    }
  }
  if (text[0] == '0') return digits_length(text, [](char c) { return c == '0'; });
  return digits_length(text, is_ascii_digit);
}

}  // namespace

std::string unescape(std::string_view inside, std::size_t line) {
  std::string out;
  for (std::size_t at = 0; at < inside.size();) {
    const char c = inside[at++];
    if (c != '\\' || at == inside.size()) {
      out.push_back(c);
      continue;
    }
    const char escape = inside[at++];
    if (const char simple = simple_escape(escape); simple != '\0') {
      out.push_back(simple);
    } else if (escape == 'x' || escape == 'u' || escape == 'U') {
      append_utf8(out, read_hex(inside, at, escape == 'x' ? 2 : escape == 'u' ? 4 : 8, line));
    } else if (escape >= '0' && escape <= '7') {
      char32_t value = static_cast<char32_t>(escape - '0');
      for (int i = 0; i < 2 && at < inside.size() && inside[at] >= '0' && inside[at] <= '7'; ++i) {
        value = value * 8 + static_cast<char32_t>(inside[at++] - '0');
      }
      append_utf8(out, value);
    } else if (escape == 'N') {
      stop("a string literal holds a \\N{name} escape, which is not supported; write \\uXXXX",
           line);
    } else if (escape != '\n') {  // a backslash at the end of a line joins the lines
      out.push_back('\\');
      --at;
      out.push_back(inside[at++]);
    }
  }
  return out;
}

std::size_t read_number(std::string_view text, bool after_dot, Token& token) {
  if (text.empty() || !is_ascii_digit(text[0])) return 0;
  if (const std::size_t length = after_dot ? 0 : float_length(text); length > 0) {
    token.kind = TokenKind::Float;
    token.text = without_underscores(text.substr(0, length));
    token.number = std::strtod(token.text.c_str(), nullptr);
    return length;
  }
  int base = 10;
  const std::size_t length = integer_length(text, base);
  token.kind = TokenKind::Integer;
  token.text = without_underscores(text.substr(0, length));
  const std::string_view digits = std::string_view(token.text).substr(base == 10 ? 0 : 2);
  const auto parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), token.integer, base);
  if (parsed.ec != std::errc{}) {
    stop("the number " + token.text + " does not fit 64 bits", token.line);
  }
  return length;
}

}  // namespace croft::jinja
