#include "router/privacy/pseudonyms/match_phrase.h"

#include <array>
#include <string_view>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

/// What languages put after a name: English and German plural and genitive, German dative, cases of
/// the Slavic languages and Latin's.
constexpr auto kEndings =
    std::to_array<std::string_view>({"s", "es", "n", "en", "ens", "e", "a", "u", "y", "i", "em",
                                     "om", "ov", "ova", "owi", "iem", "ovi", "ego"});
constexpr std::size_t kEndingMax = 3;

bool is_ending(std::string_view text, Endings endings) {
  if (endings == Endings::Genitive) return text == "s";
  for (const std::string_view each : kEndings)
    if (each == text) return true;
  return false;
}

bool is_ascii(const Unit& unit, std::uint8_t classes) {
  return unit.value < 0x80 && is(static_cast<char>(unit.value), classes);
}

/// Whether one word ends and another begins between the two.
bool are_run_together(const Unit& before, const Unit& after) {
  if (is_ascii(before, kDigit) != is_ascii(after, kDigit)) return true;
  return is_ascii(before, kLower) && is_ascii(after, kUpper);
}

bool is_separator(const Unit& unit) {
  if (unit.kind == Unit::Kind::Space) return true;
  constexpr std::string_view kSeparators = "-./()";
  return unit.folded_size == 1 && kSeparators.contains(unit.folded[0]);
}

}  // namespace

PhraseEnding ending_at(std::span<const Unit> units, std::size_t at, bool final, Endings endings) {
  if (endings == Endings::Any) {
    if (at == units.size() && !final) return {MatchState::NeedsMore, at};
    return {splits_number(units, at) ? MatchState::None : MatchState::Found, at};
  }
  std::string letters;
  std::size_t end = at;
  const auto decided = [&] {
    const bool found = letters.empty() || is_ending(letters, endings);
    return PhraseEnding{found ? MatchState::Found : MatchState::None, end};
  };
  for (std::size_t i = at; i < units.size(); ++i) {
    const Unit& unit = units[i];
    if (unit.kind == Unit::Kind::Skipped && i - at <= kSpacesMax) continue;
    if (!unit.is_word || i - at > kSpacesMax) return decided();
    if (i > 0 && are_run_together(units[i - 1], unit)) return decided();
    if (endings == Endings::None || letters.size() >= kEndingMax) return {};
    letters += unit.fold();
    end = i + 1;
  }
  if (!final) return {MatchState::NeedsMore, end};
  return decided();
}

bool splits_number(std::span<const Unit> units, std::size_t at) {
  return at > 0 && at < units.size() && is_ascii(units[at - 1], kDigit) &&
         is_ascii(units[at], kDigit);
}

PhraseMatch match_number(const PhraseIndex& index, std::span<const Unit> units, std::size_t at,
                         bool final) {
  PhraseMatch best;
  PhraseIndex::Range range = index.all();
  std::size_t separators = 0;
  std::size_t skipped = 0;
  for (std::size_t i = at; true; ++i) {
    if (i == units.size()) {
      if (!final) best.state = MatchState::NeedsMore;
      return best;
    }
    const Unit& unit = units[i];
    if (unit.kind == Unit::Kind::Skipped && i != at && ++skipped <= kSpacesMax) continue;
    if (is_separator(unit) && i != at) {
      if (++separators > 2) return best;
      continue;
    }
    separators = 0;
    range = index.next(range, unit.fold());
    if (range.empty() || unit.folded_size == 0) return best;
    if (const auto phrases = index.complete(range); !phrases.empty()) {
      const PhraseEnding ending = ending_at(units, i + 1, final, Endings::None);
      if (ending.state == MatchState::NeedsMore) {
        best.state = MatchState::NeedsMore;
        return best;
      }
      if (ending.state == MatchState::Found) best = {MatchState::Found, i + 1, i + 1, phrases};
    }
    if (!index.goes_on(range)) return best;
  }
}

bool begins_word(std::span<const Unit> units, std::size_t at) {
  if (at == 0 || !units[at].is_word) return true;
  const Unit& before = units[at - 1];
  if (!before.is_word || are_run_together(before, units[at])) return true;
  constexpr std::u32string_view kLetters = U"nrtbf";
  return at >= 2 && !before.is_escape && kLetters.contains(before.value) &&
         units[at - 2].value == U'\\';
}

}  // namespace croft::privacy
