#pragma once
/// Text as surrogates are looked for in it: character by character, without regard to case, to the
/// width of spaces, to the kind of dash or apostrophe; JSON's escapes undone where asked for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace croft::privacy {

/// Which escapes of JSON a text may hold.
enum class Escapes : std::uint8_t {
  None,
  Unicode,  ///< \uXXXX only: JSON quoted in prose, where \n may be the beginning of a path
  All,      ///< JSON text
};

/// One character.
struct Unit {
  enum class Kind : std::uint8_t { Text, Space, Skipped };
  char32_t value = 0;
  Kind kind = Kind::Text;
  bool is_word = false;  ///< part of a word: letters and digits of scripts that put spaces between
  bool is_escape = false;   ///< was written as an escape
  std::uint8_t length = 0;  ///< bytes in the text; 0: it goes on beyond the text's end
  std::uint8_t folded_size = 0;
  std::array<char, 4> folded{};
  [[nodiscard]] std::string_view fold() const { return {folded.data(), folded_size}; }
};

/// The character at `at`. Requires at < text.size(). With `more`, a character or escape that the
/// end cuts has length 0; without it, its bytes count one by one.
[[nodiscard]] Unit unit_at(std::string_view text, std::size_t at, Escapes escapes, bool more);

/// The text folded: runs of space become one.
[[nodiscard]] std::string folded(std::string_view text);

/// How a text is cased.
enum class CaseStyle : std::uint8_t { None, Upper, Lower, Title, Mixed };
[[nodiscard]] CaseStyle case_style(std::string_view text);
/// Upper, Lower and Title change the text; the others leave it.
[[nodiscard]] std::string with_case(std::string_view text, CaseStyle style);

/// `text` as it stands inside a JSON string; `times` strings deep.
[[nodiscard]] std::string json_escaped(std::string_view text, int times);

/// Whether JSON would read it as a number.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace croft::privacy
