#pragma once
/// Which language a text is in, from its script and, in Latin letters, from function words.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "router/gates/prompt_words.h"

namespace croft {

/// Collects evidence word by word and letter by letter; `language` judges it.
class LanguageEvidence {
 public:
  void add_word(const KnownWord& word);
  /// A code point beyond ASCII.
  void add_letter(char32_t letter);
  void add_ascii_letters(std::size_t count) { scripts_[0] += static_cast<std::uint32_t>(count); }

  /// Empty: no signal.
  [[nodiscard]] std::string_view language() const;

 private:
  [[nodiscard]] std::string_view latin() const;

  /// Latin, Cyrillic, Greek, Hebrew, Arabic, Devanagari, Thai, Hangul, kana, Han.
  std::array<std::uint32_t, 10> scripts_{};
  std::array<std::uint32_t, latin_languages_count> scores_{};
  std::array<std::uint32_t, latin_languages_count> hits_{};
  std::array<std::uint32_t, latin_languages_count> own_hits_{};  ///< words of one language only
  std::uint32_t words_ = 0;
  std::uint32_t foreign_letters_ = 0;  ///< of a script's other languages: Ukrainian, Persian ...
  char32_t last_letter_ = 0;
};

}  // namespace croft
