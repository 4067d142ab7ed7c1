#include "template/format.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

constexpr std::size_t width_digits_max = 9;

/// A decimal number at `at`; nullopt where none stands there.
std::optional<std::size_t> read_count(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  std::size_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (at - begin > width_digits_max)
      stop_too_large("a format asks for a width of more than 9 digits");
  }
  if (at == begin) return std::nullopt;
  return value;
}

/// Walks a % format: one value after the other, or by name from a dict.
class PercentFormatter {
 public:
  PercentFormatter(Heap& heap, const Text& format, const Value& values)
      : heap_(heap), format_(format), values_(values), out_(heap) {}

  Value run() {
    const std::string_view text = format_.bytes;
    std::size_t plain = 0;
    for (std::size_t at = text.find('%'); at != std::string_view::npos;
         at = text.find('%', plain)) {
      out_.append_slice(format_, plain, at);
      plain = at + 1;
      field(plain);
    }
    out_.append_slice(format_, plain, text.size());
    // A value that could be a mapping may stay unused, as in Python.
    const bool is_mapping =
        values_.is(Kind::Dict) || values_.is(Kind::List) || values_.is_undefined();
    const std::size_t given = values_.is(Kind::Tuple) ? values_.as<ListObject>().items.size()
                              : is_mapping            ? 0
                                                      : 1;
    if (next_ < given) stop("not all arguments converted during string formatting");
    return Value::of(out_.finish(format_.markup));
  }

 private:
  [[nodiscard]] char at(std::size_t position) const {
    if (position >= format_.bytes.size()) stop("incomplete format");
    return format_.bytes[position];
  }

  Value next_value() {
    if (values_.is(Kind::Tuple)) {
      const auto& items = values_.as<ListObject>().items;
      if (next_ >= items.size()) stop("not enough arguments for format string");
      return items[next_++];
    }
    if (next_++ > 0) stop("not enough arguments for format string");
    return values_;
  }

  void field(std::size_t& position) {
    std::optional<Value> named;
    if (at(position) == '(') named = named_value(position);
    FieldSpec spec;
    bool is_left = false;
    bool is_zero = false;
    for (;; ++position) {
      const char flag = at(position);
      if (flag == '-') {
        is_left = true;
      } else if (flag == '0') {
        is_zero = true;
      } else if (flag == '+' || (flag == ' ' && spec.sign != '+')) {
        spec.sign = flag;
      } else if (flag == '#') {
        spec.alternate = true;
      } else if (flag != ' ') {
        break;
      }
    }
    spec.width = count(position).value_or(0);
    if (at(position) == '.') {
      ++position;
      spec.precision = static_cast<std::int64_t>(count(position).value_or(0));
    }
    while (std::string_view("hlL").find(at(position)) != std::string_view::npos) ++position;
    spec.type = at(position++);
    if (spec.type == '%') {
      out_.append("%");
      return;
    }
    spec.align = is_left ? '<' : '>';
    convert(named ? *named : next_value(), spec, is_zero && !is_left);
  }

  std::optional<std::size_t> count(std::size_t& position) {
    if (at(position) != '*') return read_count(format_.bytes, position);
    ++position;
    const Value value = next_value();
    if (!value.is_integral() || value.integer() < 0) stop("* wants int");
    return static_cast<std::size_t>(value.integer());
  }

  Value named_value(std::size_t& position) {
    if (!values_.is(Kind::Dict)) stop("format requires a mapping");
    const std::size_t end = format_.bytes.find(')', position);
    if (end == std::string::npos) stop("incomplete format key");
    const std::string_view key =
        std::string_view(format_.bytes).substr(position + 1, end - position - 1);
    position = end + 1;
    const Value* found = values_.as<DictObject>().find(key);
    if (found == nullptr) stop(repr_bytes(key));
    return *found;
  }

  void convert(const Value& value, FieldSpec spec, bool zero_filled) {
    if (spec.type == 's' || spec.type == 'r' || spec.type == 'a') {
      TextBuilder text(heap_);
      if (spec.type == 's') {
        append_str(text, value);
      } else {
        append_repr(text, value);
      }
      append_cut(text.finish(), spec);
      return;
    }
    if (spec.type == 'c') {
      append_cut(character(value), spec);
      return;
    }
    if (std::string_view("diuoxXeEfFgG").find(spec.type) == std::string_view::npos) {
      stop(std::string("unsupported format character '") + spec.type + "'");
    }
    if (!value.is_number()) {
      refuse_undefined(value);
      stop(std::string("%") + spec.type + " format: a real number is required, not " +
           type_name(value));
    }
    Value number = value;
    const bool is_integer_type =
        std::string_view("diuoxX").find(spec.type) != std::string_view::npos;
    if (is_integer_type) {
      if (value.is(Kind::Float)) {
        if (std::string_view("oxX").find(spec.type) != std::string_view::npos) {
          stop(std::string("%") + spec.type + " format: an integer is required, not float");
        }
        if (!(std::fabs(value.number()) < 9.2e18)) stop("an integer result does not fit 64 bits");
        number = Value::of(static_cast<std::int64_t>(value.number()));
      }
      if (spec.type == 'i' || spec.type == 'u') spec.type = 'd';
    }
    if (zero_filled) {
      spec.fill = "0";
      spec.align = '=';
    }
    std::string digits = format_number(number, spec);
    if (is_integer_type && spec.precision > 0) {
      const std::size_t sign = digits[0] == '-' || digits[0] == '+' || digits[0] == ' ' ? 1 : 0;
      const std::size_t length = digits.size() - sign;
      if (length < static_cast<std::size_t>(spec.precision))
        digits.insert(sign, static_cast<std::size_t>(spec.precision) - length, '0');
    }
    append_padded(heap_, out_, *constant_text(digits), spec, true);
  }

  TextRef character(const Value& value) {
    if (value.is_string() && count_code_points(value.bytes()) == 1) return value.text_ref();
    const bool is_code = value.is_integral() && value.integer() >= 0 &&
                         value.integer() <= 0x10FFFF &&
                         (value.integer() < 0xD800 || value.integer() > 0xDFFF);
    if (!is_code) stop("%c requires int or char");
    std::string bytes;
    append_utf8(bytes, static_cast<char32_t>(value.integer()));
    TextBuilder out(heap_);
    out.append(bytes,
               true);  // a number may have come from outside: it must not spell a control token
    return out.finish();
  }

  void append_cut(const TextRef& text, const FieldSpec& spec) {
    TextBuilder cut(heap_);
    const std::size_t end =
        spec.precision < 0 ? text->bytes.size()
                           : byte_offset(text->bytes, static_cast<std::size_t>(spec.precision));
    cut.append_slice(*text, 0, end);
    append_padded(heap_, out_, *cut.finish(), spec, false);
  }

  Heap& heap_;
  const Text& format_;
  const Value& values_;
  TextBuilder out_;
  std::size_t next_ = 0;
};

}  // namespace

Value format_percent(Heap& heap, const Text& format, const Value& values) {
  return PercentFormatter(heap, format, values).run();
}

}  // namespace croft::jinja
