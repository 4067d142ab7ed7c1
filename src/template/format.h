#pragma once
/// Python's two string formatters: "..." % values and "...".format(values).

#include "template/interpreter.h"

namespace croft::jinja {

/// Errors like Python's: too few or too many values, a wrong type, an unknown code.
Value format_percent(Heap& heap, const Text& format, const Value& values);
Value format_braces(Interpreter& interpreter, const Text& format, const Args& args);

/// One field's layout, shared by both.
struct FieldSpec {
  std::string fill = " ";
  char align = '\0';  ///< '<', '>', '^', '=' or none
  char sign = '-';
  bool alternate = false;
  bool grouped = false;  ///< thousands separated by `separator`
  char separator = ',';
  std::size_t width = 0;
  std::int64_t precision = -1;
  char type = '\0';
};
/// A number as digits with sign, prefix and grouping, not yet padded. Stops for a type it cannot
/// show.
std::string format_number(const Value& value, const FieldSpec& spec);
/// Pads `text` to the spec's width; numbers align right unless told otherwise.
void append_padded(Heap& heap, TextBuilder& out, const Text& text, const FieldSpec& spec,
                   bool is_number);

}  // namespace croft::jinja
