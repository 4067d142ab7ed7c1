// Filters from text to text.

#include <array>

#include "template/arguments.h"
#include "template/filters.h"
#include "template/format.h"
#include "template/methods.h"
#include "template/print.h"
#include "template/to_json.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

template <Value (*map)(Heap&, const Text&)>
Value mapped(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("this filter", args, {});
  const TextRef text = to_text(interpreter.heap(), input);
  return map(interpreter.heap(), *text);
}

/// Unlike str.title, only white space and - ( { [ < begin a word.
Value title_text(Heap& heap, const Text& text) {
  TextBuilder out(heap);
  bool at_start = true;
  std::size_t begin = 0;
  const auto flush = [&](std::size_t end) {
    if (begin < end) {
      const Value word = make_slice(heap, text, begin, end);
      std::size_t first = 0;
      next_code_point(word.bytes(), first);
      out.append(upper_text(heap, make_slice(heap, word.text(), 0, first).text()).text());
      out.append(lower_text(heap, make_slice(heap, word.text(), first, word.bytes().size()).text())
                     .text());
    }
    begin = end;
  };
  for (std::size_t at = 0; at < text.bytes.size();) {
    const std::size_t here = at;
    const char32_t c = next_code_point(text.bytes, at);
    const bool is_break = is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    if (is_break == at_start) continue;
    flush(here);
    at_start = is_break;
  }
  flush(text.bytes.size());
  return Value::of(out.finish(text.markup));
}

Value trim(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("trim", args, {"chars"});
  const TextRef text = to_text(interpreter.heap(), input);
  return strip_text(interpreter.heap(), *text, bound.has_value(0) ? &bound.text(0) : nullptr, true,
                    true);
}

Value replace(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("replace", args, {"old", "new", "count"}, 2);
  Heap& heap = interpreter.heap();
  const TextRef text = to_text(heap, input);
  const TextRef old = to_text(heap, bound[0]);
  const TextRef with = to_text(heap, bound[1]);
  const Value out =
      replace_text(heap, *text, *old, *with, bound.has_value(2) ? bound.integer(2, -1) : -1);
  return make_slice(heap, out.text(), 0, out.bytes().size());
}

Value string(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("string", args, {});
  return Value::of(to_text(interpreter.heap(), input));
}

Value with_markup(Heap& heap, const Text& text, bool markup) {
  TextBuilder out(heap);
  out.append(text);
  return Value::of(out.finish(markup));
}

Value safe(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("safe", args, {});
  const TextRef text = to_text(interpreter.heap(), input);
  return with_markup(interpreter.heap(), *text, true);
}

template <bool force>
Value escape(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("escape", args, {});
  const TextRef text = to_text(interpreter.heap(), input);
  if (text->markup && !force) return Value::of(text);
  TextBuilder out(interpreter.heap());
  append_escaped(out, *text);
  return Value::of(out.finish(true));
}

Value format(Interpreter& interpreter, const Value& input, const Args& args) {
  Heap& heap = interpreter.heap();
  if (!args.positional.empty() && !args.named.empty()) {
    stop("can't handle positional and keyword arguments at the same time");
  }
  const TextRef text = to_text(heap, input);
  if (args.named.empty()) return format_percent(heap, *text, make_tuple(heap, args.positional));
  auto* dict = heap.make<DictObject>(0);
  for (const auto& [name, value] : args.named) dict->set(heap, make_text(heap, name), value);
  return format_percent(heap, *text, Value::of(Kind::Dict, dict));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '~';
}

void append_quoted(TextBuilder& out, const Text& text, bool in_query) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  for (std::size_t at = 0; at < text.bytes.size(); ++at) {
    const char c = text.bytes[at];
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c) || (c == '/' && !in_query)) {
      out.append_slice(text, at, at + 1);
    } else if (c == ' ' && in_query) {
      out.append_mapped("+", text, at);
    } else {
      const std::array<char, 3> code{'%', hex[byte >> 4], hex[byte & 15]};
      out.append_mapped({code.data(), code.size()}, text, at);
    }
  }
}

Value urlencode(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("urlencode", args, {});
  Heap& heap = interpreter.heap();
  TextBuilder out(heap);
  if (input.is_string() || !is_iterable(input)) {
    append_quoted(out, *to_text(heap, input), false);
    return Value::of(out.finish());
  }
  std::vector<Value> pairs;
  if (input.is(Kind::Dict)) {
    for (const auto& [key, value] : input.as<DictObject>().entries)
      pairs.push_back(make_tuple(heap, {key, value}));
  } else {
    pairs = items_of(heap, input);
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::vector<Value> pair = items_of(heap, pairs[i]);
    if (pair.size() != 2) stop("urlencode needs pairs of a key and a value");
    if (i > 0) out.append("&");
    append_quoted(out, *to_text(heap, pair[0]), true);
    out.append("=");
    append_quoted(out, *to_text(heap, pair[1]), true);
  }
  return Value::of(out.finish());
}

Value xmlattr(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("xmlattr", args, {"autospace"});
  if (!input.is(Kind::Dict)) stop("xmlattr needs a mapping, not " + type_name(input));
  Heap& heap = interpreter.heap();
  TextBuilder out(heap);
  for (const auto& [key, value] : input.as<DictObject>().entries) {
    if (value.is(Kind::None) || value.is_undefined()) continue;
    if (!key.is_string() || key.bytes().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      stop("Invalid character in attribute name: " + brief_repr(key));
    }
    if (out.size() > 0 || bound.flag(0, true)) out.append(" ");
    append_escaped(out, key.text());
    out.append("=\"");
    const TextRef text = to_text(heap, value);
    if (text->markup) {
      out.append(*text);
    } else {
      append_escaped(out, *text);
    }
    out.append("\"");
  }
  return Value::of(out.finish());
}

/// Removes comments and tags, and folds white space into single spaces.
Value striptags(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("striptags", args, {});
  Heap& heap = interpreter.heap();
  TextRef text = to_text(heap, input);
  for (const auto& [open, close] :
       {std::pair<std::string_view, std::string_view>{"<!--", "-->"}, {"<", ">"}}) {
    TextBuilder out(heap);
    std::size_t plain = 0;
    while (true) {
      const std::size_t begin = find_bytes(text->bytes, open, plain);
      const std::size_t end =
          begin == std::string_view::npos ? begin : find_bytes(text->bytes, close, begin);
      if (end == std::string_view::npos) break;
      out.append_slice(*text, plain, begin);
      plain = end + close.size();
    }
    out.append_slice(*text, plain, text->bytes.size());
    text = out.finish();
  }
  std::vector<Value> words;
  split_text(heap, *text, nullptr, -1, false, words);
  const Value joined = join_text(heap, *constant_text(" "), words, true);
  TextBuilder out(heap);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities{
      {{"&lt;", "<"},
       {"&gt;", ">"},
       {"&amp;", "&"},
       {"&#39;", "'"},
       {"&#34;", "\""},
       {"&quot;", "\""}}};
  const Text& source = joined.text();
  for (std::size_t at = 0; at < source.bytes.size();) {
    std::size_t used = 1;
    for (const auto& [entity, plain] : entities) {
      if (!std::string_view(source.bytes).substr(at).starts_with(entity)) continue;
      out.append_mapped(plain, source, at);
      used = entity.size();
    }
    if (used == 1) out.append_slice(source, at, at + 1);
    at += used;
  }
  return Value::of(out.finish());
}

TextRef json_separator(const Value& separators, std::size_t i, const char* fallback) {
  if (separators.is_missing() || separators.is(Kind::None)) return constant_text(fallback);
  if (!separators.is_array() || separators.as<ListObject>().items.size() != 2)
    stop("separators must be a pair of strings");
  const Value& separator = separators.as<ListObject>().items[i];
  if (!separator.is_string()) stop("separators must be a pair of strings");
  return separator.text_ref();
}

Value tojson(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"});
  Heap& heap = interpreter.heap();
  JsonStyle style;
  style.ascii_only = bound.flag(0);
  style.sort_keys = bound.flag(3);
  if (bound.has_value(1) && bound[1].is_string()) {
    style.indent = bound[1].text_ref();
  } else if (bound.has_value(1)) {
    TextBuilder indent(heap);
    const std::int64_t width = bound.integer(1, 0);
    indent.repeat(*constant_text(" "), static_cast<std::size_t>(width < 0 ? 0 : width));
    style.indent = indent.finish();
  }
  style.item_separator = json_separator(bound[2], 0, style.indent ? "," : ", ");
  style.key_separator = json_separator(bound[2], 1, ": ");
  return Value::of(to_json(heap, input, style));
}

constexpr std::array<FilterEntry, 16> table{{{"upper", mapped<upper_text>},
                                             {"lower", mapped<lower_text>},
                                             {"capitalize", mapped<capitalize_text>},
                                             {"title", mapped<title_text>},
                                             {"trim", trim},
                                             {"replace", replace},
                                             {"string", string},
                                             {"safe", safe},
                                             {"e", escape<false>},
                                             {"escape", escape<false>},
                                             {"forceescape", escape<true>},
                                             {"format", format},
                                             {"urlencode", urlencode},
                                             {"xmlattr", xmlattr},
                                             {"striptags", striptags},
                                             {"tojson", tojson}}};

}  // namespace

std::span<const FilterEntry> text_filters() {
  return table;
}

}  // namespace croft::jinja
