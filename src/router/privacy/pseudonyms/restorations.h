#pragma once
/// What surrogates stand for, ready to be looked up in an answer. Made once for each answer; holds
/// true values, so it lives no longer than the request.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/privacy/pseudonyms/match_phrase.h"

namespace croft::privacy {

/// How a value follows the case in which its surrogate was written.
enum class Recasing : std::uint8_t {
  Never,  ///< numbers, codes
  Upper,  ///< addresses: only a surrogate all in upper case says something
  Names,
};

struct Restoration {
  std::string surrogate;
  std::string value;
  Endings endings = Endings::None;
  Recasing recasing = Recasing::Never;
  bool is_number = false;      ///< digits may be grouped anew
  bool anywhere = false;       ///< also within a word
  bool is_identifier = false;  ///< a tool's or participant's name: found by equality too
};

/// Threads: any, once made.
class Restorations {
 public:
  Restorations() = default;
  explicit Restorations(std::vector<Restoration> list);

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] bool may_begin(char folded_byte) const {
    return phrases_.may_begin(folded_byte) || numbers_.may_begin(folded_byte);
  }
  /// The longest surrogate at a unit, which may stand within a word.
  [[nodiscard]] PhraseMatch match(std::span<const Unit> units, std::size_t at, bool final) const;
  /// What stands for `matched`, which is one of `phrases`, with `ending` after it.
  [[nodiscard]] std::string value_of(std::span<const PhraseIndex::Phrase> phrases,
                                     std::string_view matched, std::string_view ending) const;
  /// The value of a surrogate that is an identifier.
  [[nodiscard]] const std::string* find_identifier(std::string_view surrogate) const;

 private:
  std::vector<Restoration> list_;
  PhraseIndex phrases_;
  PhraseIndex numbers_;
};

/// Letters, digits and a leading plus of a number, folded.
[[nodiscard]] std::string without_separators(std::string_view number);

}  // namespace croft::privacy
