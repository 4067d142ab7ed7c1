#pragma once
/// The words that prompt features know: function words of languages, and words that tell of code,
/// formats and mathematics. One table, one look-up a word.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace croft {

/// Languages written with Latin letters. The second row is known only so that a text in one of
/// them is not taken for its neighbour.
enum class LatinLanguage : std::uint8_t {
  En,
  De,
  Fr,
  Es,
  It,
  Pt,
  Nl,
  Pl,
  Sv,
  Da,
  Ro,
  Cs,
  Ca,
  Tr,
  Fi,
  Hu,
  None,
};
inline constexpr std::size_t latin_languages_count = 16;
inline constexpr std::size_t latin_languages_answered_count = 8;

namespace word_kind {
inline constexpr std::uint16_t code = 1;  ///< a keyword: def, return, const
inline constexpr std::uint16_t json = 2;
inline constexpr std::uint16_t table = 4;
inline constexpr std::uint16_t asks_for = 8;      ///< before a format: in, as, return, als
inline constexpr std::uint16_t article = 16;      ///< between: "as a table"
inline constexpr std::uint16_t format = 32;       ///< after a format: object, format, columns
inline constexpr std::uint16_t mathematics = 64;  ///< solve, calculate, equation
}  // namespace word_kind

struct KnownWord {
  std::uint64_t key = 0;        ///< 0: not in the table
  std::uint16_t languages = 0;  ///< bit i: LatinLanguage i
  std::uint16_t kinds = 0;      ///< of word_kind
};

/// A word in lower case as a number: its bytes, or the first 7 of a longer one and a mark.
[[nodiscard]] constexpr std::uint64_t word_key(std::string_view word) {
  std::uint64_t key = 0;
  const std::size_t size = word.size() > 8 ? 7 : word.size();
  for (std::size_t i = 0; i < size; ++i)
    key |= std::uint64_t{static_cast<unsigned char>(word[i])} << (8 * i);
  return word.size() > 8 ? key | (std::uint64_t{0xFF} << 56) : key;
}

/// The empty KnownWord where it is not known.
[[nodiscard]] const KnownWord& find_word(std::uint64_t key);

}  // namespace croft
