#pragma once
/// str() and repr() of every value, as Python writes them.

#include <string>
#include <string_view>

#include "template/value.h"

namespace croft::jinja {

void append_str(TextBuilder& out, const Value& value);
void append_repr(TextBuilder& out, const Value& value);
/// str(value); the same text where it is a string already.
TextRef to_text(Heap& heap, const Value& value);
/// repr() of a string, of a float, and of a scalar for use in an error message.
std::string repr_bytes(std::string_view text);
std::string float_repr(double value);
std::string brief_repr(const Value& value);
/// Markup's escaping: & < > ' "
void append_escaped(TextBuilder& out, const Text& text);

}  // namespace croft::jinja
