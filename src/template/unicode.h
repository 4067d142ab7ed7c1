#pragma once
/// Code points as Python's str sees them: decoding, white space, letter case, classes.
/// Every text here is valid UTF-8: the parser refuses a template that is not, and JSON guarantees
/// it.

#include <cstddef>
#include <string>
#include <string_view>

namespace croft::jinja {

/// Decodes the code point at `position` and moves past it. A stray byte reads as U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& out, char32_t code_point);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// Byte offset of code point `index`; the end of the text where it has fewer.
[[nodiscard]] std::size_t byte_offset(std::string_view text, std::size_t index);

/// str.isspace of one character; the set that str.strip() removes.
[[nodiscard]] bool is_space(char32_t code_point);
/// A character at which str.splitlines ends a line.
[[nodiscard]] bool is_line_break(char32_t code_point);
[[nodiscard]] bool is_alpha(char32_t code_point);
[[nodiscard]] bool is_decimal(char32_t code_point);
[[nodiscard]] bool is_digit(char32_t code_point);
[[nodiscard]] bool is_numeric(char32_t code_point);
[[nodiscard]] bool is_upper(char32_t code_point);
[[nodiscard]] bool is_lower(char32_t code_point);
[[nodiscard]] bool is_title(char32_t code_point);
/// Whether repr() shows the character as it is.
[[nodiscard]] bool is_printable(char32_t code_point);
/// \w of a regular expression: letters, numbers, underscore.
[[nodiscard]] bool is_word(char32_t code_point);

/// Full case mappings (one character may become several): 'ß' is "SS" in upper case.
void append_upper(std::string& out, char32_t code_point);
void append_lower(std::string& out, char32_t code_point);
void append_title(std::string& out, char32_t code_point);

/// Offset of `needle` in `text` from `from`, or npos; linear in the length of `text` in the worst
/// case.
[[nodiscard]] std::size_t find_bytes(std::string_view text, std::string_view needle,
                                     std::size_t from = 0);
[[nodiscard]] std::size_t find_last_bytes(std::string_view text, std::string_view needle);

}  // namespace croft::jinja
