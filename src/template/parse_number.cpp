#include "template/parse_number.h"

#include <charconv>
#include <cstdlib>
#include <string>

#include "template/failure.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

std::string_view stripped(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t after = begin;
    if (!is_space(next_code_point(text, after))) break;
    begin = after;
  }
  std::size_t end = begin;
  for (std::size_t at = begin; at < text.size();) {
    if (!is_space(next_code_point(text, at))) end = at;
  }
  return text.substr(begin, end - begin);
}

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Without its underscores; nullopt where one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out.push_back(text[i]);
    } else if (i == 0 || i + 1 == text.size() || !is_alnum(text[i - 1]) || !is_alnum(text[i + 1])) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> parse_python_int(std::string_view text, std::int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return std::nullopt;
  text = stripped(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    const std::int64_t marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked != 0 && (base == marked || base == 0)) {
      text.remove_prefix(text[2] == '_' ? 3 : 2);
      base = marked;
    }
  }
  if (base == 0) {
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string_view::npos)
      return std::nullopt;
    base = 10;
  }
  const auto digits = without_underscores(text);
  if (!digits || digits->empty() || !is_alnum(digits->front())) return std::nullopt;
  const std::string signed_digits = (negative ? "-" : "") + *digits;
  std::int64_t value = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto parsed = std::from_chars(signed_digits.data(), end, value, static_cast<int>(base));
  if (parsed.ptr != end) return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) stop("an integer result does not fit 64 bits");
  if (parsed.ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<double> parse_python_float(std::string_view text) {
  const auto plain = without_underscores(stripped(text));
  if (!plain || plain->empty()) return std::nullopt;
  // strtod also takes hexadecimal and nan(...), which Python does not.
  for (const char c : *plain) {
    if (c == 'x' || c == 'X' || c == '(' || c == '\0') return std::nullopt;
  }
  char* end = nullptr;
  const double value = std::strtod(plain->c_str(), &end);
  if (end != plain->c_str() + plain->size()) return std::nullopt;
  return value;
}

}  // namespace croft::jinja
