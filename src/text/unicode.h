#pragma once
/// Properties of code points, from utf8proc's tables.

#include <string>
#include <string_view>

namespace croft::unicode {

/// Unicode's White_Space property.
[[nodiscard]] bool is_white_space(char32_t value);
/// Letters, marks, numbers and connectors (a regular expression's \w).
[[nodiscard]] bool is_word(char32_t value);
/// General category P.
[[nodiscard]] bool is_punctuation(char32_t value);
/// General category Mn.
[[nodiscard]] bool is_nonspacing_mark(char32_t value);
/// Control, format and private use characters (general categories Cc, Cf, Co). Not the unassigned
/// ones: an emoji newer than our tables is a character all the same.
[[nodiscard]] bool is_control(char32_t value);

enum class Form : unsigned char { Nfc, Nfd, Nfkc, Nfkd };
/// Normalises valid UTF-8; a text that utf8proc refuses (out of memory) comes back unchanged.
[[nodiscard]] std::string normalize(std::string_view text, Form form);
/// Full lower case of every code point (U+0130 becomes two).
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace croft::unicode
