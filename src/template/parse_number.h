#pragma once
/// Python's int(text, base) and float(text): white space around, underscores between digits.

#include <cstdint>
#include <optional>
#include <string_view>

namespace croft::jinja {

std::optional<std::int64_t> parse_python_int(std::string_view text, std::int64_t base);
std::optional<double> parse_python_float(std::string_view text);

}  // namespace croft::jinja
