// str.format: "{0} {name.attribute[key]!r:>{width}}".

#include <algorithm>
#include <optional>

#include "template/arguments.h"
#include "template/format.h"
#include "template/print.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

constexpr std::size_t width_max = 999'999'999;

bool is_align(char c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

std::size_t take_number(std::string_view text, std::size_t& at) {
  std::size_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (value > width_max) stop_too_large("a format asks for a width of more than 9 digits");
  }
  return value;
}

FieldSpec parse_spec(std::string_view text) {
  FieldSpec spec;
  std::size_t at = 0;
  if (!text.empty()) {
    std::size_t after = 0;
    next_code_point(text, after);
    if (after < text.size() && is_align(text[after])) {
      spec.fill = std::string(text.substr(0, after));
      spec.align = text[after];
      at = after + 1;
    } else if (is_align(text[0])) {
      spec.align = text[0];
      at = 1;
    }
  }
  const auto flag = [&](char c) { return at < text.size() && text[at] == c && (++at, true); };
  if (at < text.size() && std::string_view("+- ").find(text[at]) != std::string_view::npos)
    spec.sign = text[at++];
  spec.alternate = flag('#');
  if (flag('0') && spec.align == '\0') {
    spec.fill = "0";
    spec.align = '=';
  }
  spec.width = take_number(text, at);
  if (at < text.size() && (text[at] == ',' || text[at] == '_')) {
    spec.grouped = true;
    spec.separator = text[at++];
  }
  if (flag('.')) {
    const std::size_t begin = at;
    spec.precision = static_cast<std::int64_t>(take_number(text, at));
    if (at == begin) stop("Format specifier missing precision");
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) stop("Invalid format specifier");
  return spec;
}

class BraceFormatter {
 public:
  BraceFormatter(Interpreter& interpreter, const Args& args)
      : interpreter_(interpreter), heap_(interpreter.heap()), args_(args) {}

  /// Formats text[begin, end); fields may hold fields in their specs, two levels deep as in Python.
  void run(TextBuilder& out, const Text& text, std::size_t begin, std::size_t end, int depth) {
    if (depth < 0) stop("Max string recursion exceeded");
    std::size_t plain = begin;
    for (std::size_t at = begin; at < end;) {
      const char c = text.bytes[at];
      if (c != '{' && c != '}') {
        ++at;
        continue;
      }
      const bool doubled = at + 1 < end && text.bytes[at + 1] == c;
      out.append_slice(text, plain, at + (doubled ? 1 : 0));
      if (doubled) {
        at += 2;
      } else if (c == '}') {
        stop("Single '}' encountered in format string");
      } else {
        at = field(out, text, at + 1, end, depth);
      }
      plain = at;
    }
    out.append_slice(text, plain, end);
  }

 private:
  static std::size_t closing(const Text& text, std::size_t begin, std::size_t end) {
    int open = 1;
    for (std::size_t at = begin; at < end; ++at) {
      if (text.bytes[at] == '{') ++open;
      if (text.bytes[at] == '}' && --open == 0) return at;
    }
    stop(begin == end ? "Single '{' encountered in format string"
                      : "expected '}' before end of string");
  }

  std::size_t field(TextBuilder& out, const Text& text, std::size_t begin, std::size_t end,
                    int depth) {
    heap_.step();
    const std::size_t close = closing(text, begin, end);
    const std::string_view inside = std::string_view(text.bytes).substr(begin, close - begin);
    std::size_t name_end = 0;
    bool in_brackets = false;
    while (name_end < inside.size() &&
           (in_brackets || (inside[name_end] != '!' && inside[name_end] != ':'))) {
      if (inside[name_end] == '[') in_brackets = true;
      if (inside[name_end] == ']') in_brackets = false;
      ++name_end;
    }
    Value value = look_up(inside.substr(0, name_end));
    std::size_t at = name_end;
    if (at < inside.size() && inside[at] == '!') {
      if (at + 1 >= inside.size()) stop("end of string while looking for conversion specifier");
      value = convert(value, inside[at + 1]);
      at += 2;
      if (at < inside.size() && inside[at] != ':') stop("expected ':' after conversion specifier");
    }
    TextBuilder spec(heap_);
    if (at < inside.size()) run(spec, text, begin + at + 1, close, depth - 1);
    append(out, value, spec.finish());
    return close + 1;
  }

  Value look_up(std::string_view name) {
    std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, end));
    while (end < name.size()) {
      if (name[end] == '.') {
        const std::size_t begin = end + 1;
        end = std::min(name.find_first_of(".[", begin), name.size());
        if (begin == end) stop("Empty attribute in format string");
        value = interpreter_.attribute(value, make_text(heap_, name.substr(begin, end - begin)));
      } else {
        const std::size_t close = name.find(']', end);
        if (close == std::string_view::npos) stop("Missing ']' in format string");
        value = interpreter_.item(value, key(name.substr(end + 1, close - end - 1)));
        end = close + 1;
        if (end < name.size() && name[end] != '.' && name[end] != '[') {
          stop("Only '.' or '[' may follow ']' in format field specifier");
        }
      }
    }
    return value;
  }

  Value key(std::string_view text) {
    if (text.empty()) stop("Empty attribute in format string");
    std::size_t at = 0;
    const bool is_number = text.find_first_not_of("0123456789") == std::string_view::npos;
    return is_number ? Value::of(static_cast<std::int64_t>(take_number(text, at)))
                     : make_text(heap_, text);
  }

  Value argument(std::string_view name) {
    const bool is_number = name.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) {
      for (const auto& [given, value] : args_.named) {
        if (given == name) return value;
      }
      stop(repr_bytes(name));
    }
    if (name.empty() == (numbering_ == Numbering::Manual) && numbering_ != Numbering::Unknown) {
      stop("cannot switch between automatic and manual field numbering");
    }
    numbering_ = name.empty() ? Numbering::Automatic : Numbering::Manual;
    std::size_t at = 0;
    const std::size_t index = name.empty() ? next_++ : take_number(name, at);
    if (index >= args_.positional.size()) {
      stop("Replacement index " + std::to_string(index) +
           " out of range for positional args tuple");
    }
    return args_.positional[index];
  }

  Value convert(const Value& value, char conversion) {
    TextBuilder out(heap_);
    if (conversion == 's') {
      append_str(out, value);
    } else if (conversion == 'r' || conversion == 'a') {
      append_repr(out, value);
    } else {
      stop(std::string("Unknown conversion specifier '") + conversion + "'");
    }
    return Value::of(out.finish());
  }

  void append(TextBuilder& out, const Value& value, const TextRef& spec_text) {
    if (spec_text->bytes.empty()) {
      append_str(out, value);
      return;
    }
    FieldSpec spec = parse_spec(spec_text->bytes);
    const bool plain_bool = value.is(Kind::Bool) && spec.type == '\0';
    if (value.is_integral() && spec.type == 'c') {
      append_padded(heap_, out, *character(value.integer()), spec, true);
      return;
    }
    if (value.is_number() && !plain_bool) {
      append_padded(heap_, out, *constant_text(format_number(value, spec)), spec, true);
      return;
    }
    if (plain_bool) {
      append_padded(heap_, out, *constant_text(std::to_string(value.integer())), spec, true);
      return;
    }
    if (!value.is_string())
      stop("unsupported format string passed to " + type_name(value) + ".__format__");
    if (spec.type != '\0' && spec.type != 's') {
      stop(std::string("Unknown format code '") + spec.type + "' for object of type 'str'");
    }
    if (spec.sign != '-') stop("Sign not allowed in string format specifier");
    if (spec.align == '=') {
      if (spec.fill != "0") stop("'=' alignment not allowed in string format specifier");
      spec.align = '<';  // a width with a leading 0 pads text with zeros on the right
    }
    TextBuilder cut(heap_);
    const std::string_view bytes = value.bytes();
    cut.append_slice(value.text(), 0,
                     spec.precision < 0
                         ? bytes.size()
                         : byte_offset(bytes, static_cast<std::size_t>(spec.precision)));
    append_padded(heap_, out, *cut.finish(), spec, false);
  }

  TextRef character(std::int64_t code) {
    const bool is_code = code >= 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (!is_code) stop("%c arg not in range(0x110000)");
    std::string bytes;
    append_utf8(bytes, static_cast<char32_t>(code));
    TextBuilder out(heap_);
    out.append(bytes,
               true);  // a number may have come from outside: it must not spell a control token
    return out.finish();
  }

  enum class Numbering : std::uint8_t { Unknown, Automatic, Manual };
  Interpreter& interpreter_;
  Heap& heap_;
  const Args& args_;
  Numbering numbering_ = Numbering::Unknown;
  std::size_t next_ = 0;
};

}  // namespace

Value format_braces(Interpreter& interpreter, const Text& format, const Args& args) {
  TextBuilder out(interpreter.heap());
  constexpr int recursion_max = 2;
  BraceFormatter(interpreter, args).run(out, format, 0, format.bytes.size(), recursion_max - 1);
  return Value::of(out.finish(format.markup));
}

}  // namespace croft::jinja
