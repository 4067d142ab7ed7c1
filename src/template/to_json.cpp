#include "template/to_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "base/limits.h"
#include "template/operators.h"
#include "template/print.h"
#include "template/stable_order.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

std::string unicode_escape(char32_t c) {
  std::array<char, 16> buffer{};
  if (c >= 0x10000) {
    const auto rest = static_cast<unsigned>(c) - 0x10000;
    std::snprintf(buffer.data(), buffer.size(), "\\u%04x\\u%04x", 0xD800 + (rest >> 10),
                  0xDC00 + (rest & 0x3FF));
  } else {
    std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(c));
  }
  return buffer.data();
}

/// What stands for `c` inside a JSON string; empty where it stands for itself.
std::string escape(char32_t c, bool ascii_only) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      return c < 0x20 || (ascii_only && c > 0x7E) ? unicode_escape(c) : std::string();
  }
}

class JsonWriter {
 public:
  JsonWriter(Heap& heap, const JsonStyle& style) : heap_(heap), style_(style), out_(heap) {}

  TextRef run(const Value& value) {
    write(value, 0);
    return out_.finish();
  }

 private:
  void write(const Value& value, std::size_t depth) {
    if (depth > limits::template_depth_max) {
      stop_too_large("tojson meets a value nested deeper than " +
                     std::to_string(limits::template_depth_max));
    }
    heap_.step();
    switch (value.kind()) {
      case Kind::String:
        string(value.text());
        return;
      case Kind::List:
      case Kind::Tuple:
        array(value.as<ListObject>().items, depth);
        return;
      case Kind::Dict:
        object(value.as<DictObject>(), depth);
        return;
      default:
        out_.append(scalar(value));
    }
  }

  static std::string scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::None:
        return "null";
      case Kind::Bool:
        return value.boolean() ? "true" : "false";
      case Kind::Int:
        return std::to_string(value.integer());
      case Kind::Float:
        if (std::isnan(value.number())) return "NaN";
        if (std::isinf(value.number())) return value.number() > 0 ? "Infinity" : "-Infinity";
        return float_repr(value.number());
      default:
        stop("Object of type " + type_name(value) + " is not JSON serializable");
    }
  }

  void string(const Text& text) {
    out_.append("\"");
    std::size_t plain = 0;
    for (std::size_t at = 0; at < text.bytes.size();) {
      const std::size_t begin = at;
      const std::string escaped = escape(next_code_point(text.bytes, at), style_.ascii_only);
      if (escaped.empty()) continue;
      out_.append_slice(text, plain, begin);
      out_.append_mapped(escaped, text, begin);
      plain = at;
    }
    out_.append_slice(text, plain, text.bytes.size());
    out_.append("\"");
  }

  void new_line(std::size_t depth) {
    if (!style_.indent) return;
    out_.append("\n");
    out_.repeat(**style_.indent, depth);
  }

  void array(const std::vector<Value>& items, std::size_t depth) {
    out_.append("[");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.append(*style_.item_separator);
      new_line(depth + 1);
      write(items[i], depth + 1);
    }
    if (!items.empty()) new_line(depth);
    out_.append("]");
  }

  void object(const DictObject& dict, std::size_t depth) {
    std::vector<std::size_t> order(dict.entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (style_.sort_keys)
      sort_indices(heap_, order,
                   [&](std::size_t i) -> const Value& { return dict.entries[i].first; });
    out_.append("{");
    bool is_first = true;
    for (const std::size_t i : order) {
      if (!is_first) out_.append(*style_.item_separator);
      is_first = false;
      new_line(depth + 1);
      key(dict.entries[i].first);
      out_.append(*style_.key_separator);
      write(dict.entries[i].second, depth + 1);
    }
    if (!is_first) new_line(depth);
    out_.append("}");
  }

  void key(const Value& value) {
    if (value.is_string()) {
      string(value.text());
      return;
    }
    if (!value.is_number() && !value.is(Kind::None)) {
      stop("keys must be str, int, float, bool or None, not " + type_name(value));
    }
    out_.append("\"" + scalar(value) + "\"");
  }

  Heap& heap_;
  const JsonStyle& style_;
  TextBuilder out_;
};

}  // namespace

TextRef to_json(Heap& heap, const Value& value, const JsonStyle& style) {
  return JsonWriter(heap, style).run(value);
}

}  // namespace croft::jinja
