#include "template/print.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/limits.h"
#include "template/interpreter.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

std::string escape_in_repr(char32_t c, char quote) {
  if (c == static_cast<unsigned char>(quote) || c == '\\') return {'\\', static_cast<char>(c)};
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  std::string out;
  if (is_printable(c)) {
    append_utf8(out, c);
    return out;
  }
  std::array<char, 12> buffer{};
  const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer.data(), buffer.size(), format, static_cast<unsigned>(c));
  return buffer.data();
}

/// Python prefers single quotes and takes double ones where that spares escapes.
char quote_of(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  return has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
}

void append_string_repr(TextBuilder& out, const Text& text) {
  const char quote = quote_of(text.bytes);
  if (text.markup) out.append("Markup(");
  out.append(std::string_view(&quote, 1));
  std::size_t plain = 0;  // bytes from here on go out as they are
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text.bytes, at);
    const std::string escaped = escape_in_repr(c, quote);
    if (escaped == std::string_view(text.bytes).substr(begin, at - begin)) continue;
    out.append_slice(text, plain, begin);
    out.append_mapped(escaped, text, begin);
    plain = at;
  }
  out.append_slice(text, plain, text.bytes.size());
  out.append(std::string_view(&quote, 1));
  if (text.markup) out.append(")");
}

void append_repr_at(TextBuilder& out, const Value& value, std::size_t depth);

void append_items(TextBuilder& out, const std::vector<Value>& items, std::size_t depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(", ");
    append_repr_at(out, items[i], depth);
  }
}

void append_entries(TextBuilder& out, const DictObject& dict, ViewKind view, std::size_t depth) {
  for (std::size_t i = 0; i < dict.entries.size(); ++i) {
    const auto& [key, value] = dict.entries[i];
    if (i > 0) out.append(", ");
    if (view == ViewKind::Items) out.append("(");
    if (view != ViewKind::Values) append_repr_at(out, key, depth);
    if (view == ViewKind::Items) out.append(", ");
    if (view != ViewKind::Keys) append_repr_at(out, value, depth);
    if (view == ViewKind::Items) out.append(")");
  }
}

void append_dict(TextBuilder& out, const DictObject& dict, std::size_t depth) {
  out.append("{");
  bool is_first = true;
  for (const auto& [key, value] : dict.entries) {
    if (!is_first) out.append(", ");
    is_first = false;
    append_repr_at(out, key, depth);
    out.append(": ");
    append_repr_at(out, value, depth);
  }
  out.append("}");
}

void append_range(TextBuilder& out, const RangeObject& range) {
  const std::int64_t stop_at = range_item(range, range.length);
  out.append("range(" + std::to_string(range.start) + ", " + std::to_string(stop_at) +
             (range.step == 1 ? ")" : ", " + std::to_string(range.step) + ")"));
}

void append_loop(TextBuilder& out, const LoopObject& loop) {
  const auto drawn = static_cast<std::int64_t>(loop.items.size());
  out.append("<LoopContext " + std::to_string(loop.index0 + 1) + "/" +
             std::to_string(loop.length.value_or(drawn)) + ">");
}

/// Some of Jinja's global functions are Python classes.
void append_function(TextBuilder& out, const FunctionObject& function) {
  if (function.name == "dict") {
    out.append("<class 'dict'>");
  } else if (function.name == "namespace" || function.name == "cycler" ||
             function.name == "joiner") {
    std::string name = function.name;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    out.append("<class 'jinja2.utils." + name + "'>");
  } else {
    out.append("<function " + function.name + ">");
  }
}

void append_object(TextBuilder& out, const Value& value, std::size_t depth) {
  switch (value.kind()) {
    case Kind::List:
      out.append("[");
      append_items(out, value.as<ListObject>().items, depth);
      out.append("]");
      return;
    case Kind::Tuple: {
      const auto& items = value.as<ListObject>().items;
      out.append("(");
      append_items(out, items, depth);
      out.append(items.size() == 1 ? ",)" : ")");
      return;
    }
    case Kind::Dict:
      append_dict(out, value.as<DictObject>(), depth);
      return;
    case Kind::View: {
      const auto& view = value.as<ViewObject>();
      out.append(type_name(value) + "([");
      append_entries(out, *view.dict, view.view, depth);
      out.append("])");
      return;
    }
    case Kind::Range:
      append_range(out, value.as<RangeObject>());
      return;
    case Kind::Namespace:
      out.append("<Namespace ");
      append_dict(out, value.as<NamespaceObject>().members, depth);
      out.append(">");
      return;
    case Kind::Macro: {
      const Stmt& definition = *value.as<MacroObject>().definition;
      out.append(definition.kind == StmtKind::Macro
                     ? "<Macro " + repr_bytes(definition.signature->name) + ">"
                     : "<Macro anonymous>");
      return;
    }
    case Kind::Template:
      out.append("<TemplateReference None>");
      return;
    case Kind::Loop:
      append_loop(out, value.as<LoopObject>());
      return;
    case Kind::Function:
      append_function(out, value.as<FunctionObject>());
      return;
    default:
      // Python shows an address here; nothing sensible depends on it.
      out.append("<" + type_name(value) + " object>");
      return;
  }
}

void append_repr_at(TextBuilder& out, const Value& value, std::size_t depth) {
  if (depth > limits::template_depth_max) {
    stop_too_large("the template prints a value nested deeper than " +
                   std::to_string(limits::template_depth_max));
  }
  switch (value.kind()) {
    case Kind::Missing:
    case Kind::Undefined:
      out.append("Undefined");
      return;
    case Kind::String:
      append_string_repr(out, value.text());
      return;
    case Kind::None:
    case Kind::Bool:
    case Kind::Int:
    case Kind::Float:
      append_str(out, value);
      return;
    default:
      append_object(out, value, depth + 1);
      return;
  }
}

}  // namespace

void append_str(TextBuilder& out, const Value& value) {
  switch (value.kind()) {
    case Kind::Missing:
    case Kind::Undefined:
      return;
    case Kind::None:
      out.append("None");
      return;
    case Kind::Bool:
      out.append(value.boolean() ? "True" : "False");
      return;
    case Kind::Int:
      out.append(std::to_string(value.integer()));
      return;
    case Kind::Float:
      out.append(float_repr(value.number()));
      return;
    case Kind::String:
      out.append(value.text());
      return;
    case Kind::Joiner:
    default:
      append_repr_at(out, value, 0);
      return;
  }
}

void append_repr(TextBuilder& out, const Value& value) {
  append_repr_at(out, value, 0);
}

TextRef to_text(Heap& heap, const Value& value) {
  if (value.is_string()) return value.text_ref();
  TextBuilder out(heap);
  append_str(out, value);
  return out.finish();
}

std::string repr_bytes(std::string_view text) {
  const char quote = quote_of(text);
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();)
    out += escape_in_repr(next_code_point(text, at), quote);
  out.push_back(quote);
  return out;
}

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = text.find('e');
  const int exponent = std::atoi(std::string(text.substr(mark + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(text);
  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  std::string out = text.front() == '-' ? "-" : "";
  if (exponent < 0) {
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string brief_repr(const Value& value) {
  switch (value.kind()) {
    case Kind::String:
      return repr_bytes(value.bytes());
    case Kind::None:
      return "None";
    case Kind::Bool:
      return value.boolean() ? "True" : "False";
    case Kind::Int:
      return std::to_string(value.integer());
    case Kind::Float:
      return float_repr(value.number());
    default:
      return "<" + type_name(value) + ">";
  }
}

void append_escaped(TextBuilder& out, const Text& text) {
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.bytes.size(); ++at) {
    const char c = text.bytes[at];
    const std::string_view escaped = c == '&'    ? "&amp;"
                                     : c == '<'  ? "&lt;"
                                     : c == '>'  ? "&gt;"
                                     : c == '\'' ? "&#39;"
                                     : c == '"'  ? "&#34;"
                                                 : "";
    if (escaped.empty()) continue;
    out.append_slice(text, plain, at);
    out.append_mapped(escaped, text, at);
    plain = at + 1;
  }
  out.append_slice(text, plain, text.bytes.size());
}

}  // namespace croft::jinja
