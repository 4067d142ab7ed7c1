#pragma once
/// Literals inside tags: string escapes and numbers.

#include <cstddef>
#include <string>
#include <string_view>

#include "template/lexer.h"

namespace croft::jinja {

/// The value of a string literal's inside (Python's escapes).
std::string unescape(std::string_view inside, std::size_t line);

/// Reads a number at the start of `text`; returns the bytes it takes, 0 where none starts there.
/// `after_dot`: the character before is a dot, so that a.1.2 is two subscripts and not a float.
std::size_t read_number(std::string_view text, bool after_dot, Token& token);

}  // namespace croft::jinja
