// Filters that lay text out: indent, center, truncate, wordwrap, wordcount.

#include <array>

#include "template/arguments.h"
#include "template/filters.h"
#include "template/methods.h"
#include "template/print.h"
#include "template/unicode.h"
#include "template/word_wrap.h"

namespace croft::jinja {
namespace {

const Text& require_text(const Value& input, const char* what) {
  refuse_undefined(input);
  if (!input.is_string()) stop(std::string(what) + " needs a string, not " + type_name(input));
  return input.text();
}

Value center(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("center", args, {"width"});
  const TextRef text = to_text(interpreter.heap(), input);
  return pad_text(interpreter.heap(), *text, bound.integer(0, 80), *constant_text(" "),
                  Align::Center);
}

Value indent(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("indent", args, {"width", "first", "blank"});
  Heap& heap = interpreter.heap();
  const Text& text = require_text(input, "indent");
  TextRef indentation;
  if (bound.has(0) && bound[0].is_string()) {
    indentation = bound[0].text_ref();
  } else {
    TextBuilder spaces(heap);
    const std::int64_t width = bound.integer(0, 4);
    spaces.repeat(*constant_text(" "), static_cast<std::size_t>(width < 0 ? 0 : width));
    indentation = spaces.finish();
  }
  // Jinja adds a newline before it splits, so that an empty text is one empty line.
  TextBuilder closed(heap);
  closed.append(text);
  closed.append("\n");
  const TextRef source = closed.finish();
  const std::vector<Value> lines = split_lines(heap, *source, false);
  const bool blank = bound.flag(2);
  TextBuilder out(heap);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out.append("\n");
    const bool indented = i == 0 ? bound.flag(1) : blank || !lines[i].bytes().empty();
    if (indented) out.append(*indentation);
    out.append(lines[i].text());
  }
  return Value::of(out.finish(text.markup));
}

Value truncate(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("truncate", args, {"length", "killwords", "end", "leeway"});
  Heap& heap = interpreter.heap();
  if (input.is_undefined()) return input;
  const std::int64_t length = bound.integer(0, 255);
  const TextRef end =
      bound.has(2) ? (static_cast<void>(bound.text(2)), bound[2].text_ref()) : constant_text("...");
  const std::int64_t leeway = bound.has_value(3) ? bound.integer(3, 5) : 5;
  const auto end_length = static_cast<std::int64_t>(count_code_points(end->bytes));
  if (length < end_length)
    stop("truncate: expected length >= " + std::to_string(end_length) + ", got " +
         std::to_string(length));
  if (leeway < 0) stop("truncate: expected leeway >= 0, got " + std::to_string(leeway));
  const std::int64_t size = length_of(input);
  if (size >= 0 && (size <= length || size - length <= leeway)) return input;
  const Text& text = require_text(input, "truncate");
  std::size_t cut = byte_offset(text.bytes, static_cast<std::size_t>(length - end_length));
  if (!bound.flag(1)) {
    const std::size_t space = std::string_view(text.bytes).substr(0, cut).rfind(' ');
    if (space != std::string_view::npos) cut = space;
  }
  TextBuilder out(heap);
  out.append_slice(text, 0, cut);
  out.append(*end);
  return Value::of(out.finish(text.markup));
}

Value wordcount(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound none("wordcount", args, {});
  const TextRef text = to_text(interpreter.heap(), input);
  interpreter.heap().work(text->bytes.size());
  std::int64_t count = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text->bytes.size();) {
    const bool word = is_word(next_code_point(text->bytes, at));
    count += word && !in_word ? 1 : 0;
    in_word = word;
  }
  return Value::of(count);
}

Value wordwrap(Interpreter& interpreter, const Value& input, const Args& args) {
  const Bound bound("wordwrap", args,
                    {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  Heap& heap = interpreter.heap();
  const Text& text = require_text(input, "wordwrap");
  const std::int64_t width = bound.integer(0, 79);
  if (width <= 0) stop("invalid width " + std::to_string(width) + " (must be > 0)");
  const WrapStyle style{.width = static_cast<std::size_t>(width),
                        .break_long_words = bound.flag(1, true),
                        .break_on_hyphens = bound.flag(3, true)};
  const TextRef newline = bound.has_value(2)
                              ? (static_cast<void>(bound.text(2)), bound[2].text_ref())
                              : constant_text("\n");
  std::vector<Value> wrapped;
  for (const Value& line : split_lines(heap, text, false)) {
    wrapped.push_back(join_text(heap, *newline, wrap_line(heap, line.text(), style), true));
  }
  return join_text(heap, *newline, wrapped, true);
}

constexpr std::array<FilterEntry, 5> table{{{"center", center},
                                            {"indent", indent},
                                            {"truncate", truncate},
                                            {"wordcount", wordcount},
                                            {"wordwrap", wordwrap}}};

}  // namespace

std::span<const FilterEntry> layout_filters() {
  return table;
}

}  // namespace croft::jinja
