// How numbers look in both formatters.

#include <array>
#include <charconv>
#include <cmath>

#include "template/format.h"
#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

std::string group_thousands(const std::string& digits, char separator, std::size_t size) {
  const std::size_t whole =
      std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  std::string out;
  for (std::size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % size == 0) out.push_back(separator);
    out.push_back(digits[i]);
  }
  return out + digits.substr(whole);
}

std::string to_upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

/// Digits of |value| by printf's e, f, g; Python's exponents and rounding are the same.
std::string print_float(double value, char type, std::int64_t precision, bool alternate) {
  const std::string format = std::string("%") + (alternate ? "#" : "") + ".*" + type;
  std::string out(static_cast<std::size_t>(std::snprintf(nullptr, 0, format.c_str(),
                                                         static_cast<int>(precision), value)),
                  '\0');
  std::snprintf(out.data(), out.size() + 1, format.c_str(), static_cast<int>(precision), value);
  return out;
}

std::string float_digits(double magnitude, const FieldSpec& spec) {
  const char lower = static_cast<char>(spec.type | 0x20);
  const bool is_upper_type = spec.type >= 'A' && spec.type <= 'Z';
  if (!std::isfinite(magnitude)) {
    const std::string out = std::isnan(magnitude) ? "nan" : "inf";
    return is_upper_type ? to_upper(out) : out;
  }
  std::string out;
  if (spec.type == '\0' && spec.precision < 0) {
    out = float_repr(magnitude);
  } else if (spec.type == '%') {
    out =
        print_float(magnitude * 100, 'f', spec.precision < 0 ? 6 : spec.precision, spec.alternate) +
        "%";
  } else {
    const char type = spec.type == '\0' || lower == 'n' ? 'g' : lower;
    out = print_float(magnitude, type, spec.precision < 0 ? 6 : spec.precision, spec.alternate);
    const bool is_plain = out.find_first_of(".e") == std::string::npos;
    if (spec.type == '\0' && is_plain) out += ".0";
  }
  return is_upper_type ? to_upper(out) : out;
}

std::string integer_digits(std::uint64_t magnitude, const FieldSpec& spec) {
  const int base = spec.type == 'b'                       ? 2
                   : spec.type == 'o'                     ? 8
                   : spec.type == 'x' || spec.type == 'X' ? 16
                                                          : 10;
  std::array<char, 72> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, base).ptr;
  const std::string out(buffer.data(), end);
  return spec.type == 'X' ? to_upper(out) : out;
}

}  // namespace

std::string format_number(const Value& value, const FieldSpec& spec) {
  const bool wants_float =
      spec.type != '\0' && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  const bool is_float = value.is(Kind::Float) || wants_float;
  const std::string_view integer_types("bcdoxXn");
  if (value.is(Kind::Float) && spec.type != '\0' &&
      integer_types.substr(0, 6).find(spec.type) != std::string_view::npos) {
    stop(std::string("Unknown format code '") + spec.type + "' for object of type 'float'");
  }
  if (!is_float && spec.type != '\0' && integer_types.find(spec.type) == std::string_view::npos) {
    stop(std::string("Unknown format code '") + spec.type + "' for object of type '" +
         type_name(value) + "'");
  }
  if (spec.precision > 1000) stop_too_large("a number format asks for more than 1000 digits");
  bool is_negative = false;
  std::string digits;
  std::string prefix;
  if (is_float) {
    is_negative = std::signbit(value.number()) && !std::isnan(value.number());
    digits = float_digits(std::fabs(value.number()), spec);
  } else {
    is_negative = value.integer() < 0;
    const auto bits = static_cast<std::uint64_t>(value.integer());
    digits = integer_digits(is_negative ? 0 - bits : bits, spec);
    if (spec.alternate && spec.type != '\0' && spec.type != 'd')
      prefix = std::string("0") + spec.type;
  }
  if (spec.grouped)
    digits = group_thousands(digits, spec.separator,
                             prefix.empty() && (spec.type == 'x' || spec.type == 'b') ? 4 : 3);
  const std::string sign = is_negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  return sign + prefix + digits;
}

void append_padded(Heap& heap, TextBuilder& out, const Text& text, const FieldSpec& spec,
                   bool is_number) {
  const std::size_t length = count_code_points(text.bytes);
  const std::size_t padding = spec.width > length ? spec.width - length : 0;
  heap.check_room(padding);
  const char align = spec.align != '\0' ? spec.align : is_number ? '>' : '<';
  const TextRef fill = constant_text(spec.fill);
  if (align == '=') {
    std::size_t head =
        !text.bytes.empty() && std::string_view("+- ").find(text.bytes[0]) != std::string_view::npos
            ? 1
            : 0;
    if (spec.alternate && text.bytes.size() > head + 1 && text.bytes[head] == '0') head += 2;
    out.append_slice(text, 0, head);
    out.repeat(*fill, padding);
    out.append_slice(text, head, text.bytes.size());
    return;
  }
  const std::size_t left = align == '>' ? padding : align == '^' ? padding / 2 : 0;
  out.repeat(*fill, left);
  out.append(text);
  out.repeat(*fill, padding - left);
}

}  // namespace croft::jinja
