#pragma once
/// UTF-8 by hand: decode, encode, validate, repair. Strict: surrogates, overlong forms and values
/// above U+10FFFF are invalid.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace croft::utf8 {

inline constexpr char32_t replacement = 0xFFFD;

/// One step through a text. Where `valid` is false, `value` is U+FFFD and `length` counts the bytes
/// of the longest prefix of a character found there (the "maximal subpart" of the Unicode standard,
/// at least 1).
struct Step {
  char32_t value = replacement;
  std::uint8_t length = 1;
  bool valid = false;
};

/// Decodes at `position`. Requires position < text.size().
[[nodiscard]] Step decode(std::string_view text, std::size_t position);

/// Appends one code point; an unencodable one is written as U+FFFD.
void append(std::string& out, char32_t value);

[[nodiscard]] bool is_valid(std::string_view text);

/// How many U+FFFD an invalid sequence becomes.
enum class Invalid : std::uint8_t {
  MaximalSubpart,  ///< one each, as browsers, Rust and Python print text
  EachByte,        ///< one a byte, as the reference tokenizers read text
};
[[nodiscard]] std::string repair(std::string_view text, Invalid policy);

/// Bytes at the end that begin a character but do not finish it (0 to 3).
[[nodiscard]] std::size_t unfinished_suffix(std::string_view text);

}  // namespace croft::utf8
