#pragma once
/// Whether one of many phrases begins at a place of a text, of which more may still come.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/privacy/pseudonyms/folded_units.h"
#include "router/privacy/pseudonyms/phrase_index.h"

namespace croft::privacy {

/// How a phrase may go on within its word: "Schmidts", "Schmidt's" (where the phrase ends before
/// the apostrophe anyway).
enum class Endings : std::uint8_t {
  None,
  Genitive,  ///< an s: for names of which another may be a longer form, "Ann" and "Anne"
  Any,       ///< whatever, but no digit after a digit: for codes that are known in midst of a word
  Names,     ///< all of match_phrase.cpp's: for names that nothing else begins with
};

enum class MatchState : std::uint8_t { None, Found, NeedsMore };
struct PhraseMatch {
  MatchState state = MatchState::None;
  std::size_t phrase_end = 0;  ///< units: one past the phrase
  std::size_t end = 0;         ///< and past its ending
  std::span<const PhraseIndex::Phrase> phrases = {};
};

/// The longest phrase that begins at unit `at`, ends with a word and has one of the endings of
/// `endings_of(id)`. Spaces match any run of up to 16 spaces and line ends; what shows nothing is
/// passed over. NeedsMore: what comes after the last unit decides; never given where `final`.
template <typename EndingsOf>
[[nodiscard]] PhraseMatch match_phrase(const PhraseIndex& index, std::span<const Unit> units,
                                       std::size_t at, bool final, EndingsOf endings_of);

/// Whether a digit stands before the one at `at`: then it is the rest of another number.
[[nodiscard]] bool splits_number(std::span<const Unit> units, std::size_t at);

/// As match_phrase for numbers that were grouped anew: phrases are letters and digits (and a plus)
/// without separators, and up to two separators may stand between any two of them.
[[nodiscard]] PhraseMatch match_number(const PhraseIndex& index, std::span<const Unit> units,
                                       std::size_t at, bool final);

/// Whether a word may begin at unit `at`: the one before is none of a word, or is the letter of an
/// escape ("\n") that nobody undid, or two words were run together: "seeAnna", "see4111".
[[nodiscard]] bool begins_word(std::span<const Unit> units, std::size_t at);

// ---- What follows is part of the implementation. ----

/// What follows a phrase at unit `at`. `end`: past its ending.
struct PhraseEnding {
  MatchState state = MatchState::None;
  std::size_t end = 0;
};
[[nodiscard]] PhraseEnding ending_at(std::span<const Unit> units, std::size_t at, bool final,
                                     Endings endings);

inline constexpr std::size_t kSpacesMax = 16;

template <typename EndingsOf>
PhraseMatch match_phrase(const PhraseIndex& index, std::span<const Unit> units, std::size_t at,
                         bool final, EndingsOf endings_of) {
  PhraseMatch best;
  PhraseIndex::Range range = index.all();
  std::size_t spaces = 0;
  std::size_t skipped = 0;
  for (std::size_t i = at; true; ++i) {
    if (i == units.size()) {
      if (!final) best.state = MatchState::NeedsMore;
      return best;
    }
    const Unit& unit = units[i];
    if (unit.kind == Unit::Kind::Skipped) {
      if (++skipped > kSpacesMax || i == at) return best;
      continue;
    }
    const bool in_run = spaces > 0 && unit.kind == Unit::Kind::Space;
    spaces = unit.kind == Unit::Kind::Space ? spaces + 1 : 0;
    if (spaces > kSpacesMax) return best;
    if (in_run) continue;
    skipped = 0;
    range = index.next(range, unit.fold());
    if (range.empty()) return best;
    if (const auto phrases = index.complete(range); !phrases.empty()) {
      PhraseEnding ending{MatchState::Found, i + 1};
      if (unit.is_word) ending = ending_at(units, i + 1, final, endings_of(phrases.front().id));
      if (ending.state == MatchState::NeedsMore) {
        best.state = MatchState::NeedsMore;
        return best;
      }
      if (ending.state == MatchState::Found) best = {MatchState::Found, i + 1, ending.end, phrases};
    }
    if (!index.goes_on(range)) return best;
  }
}

}  // namespace croft::privacy
