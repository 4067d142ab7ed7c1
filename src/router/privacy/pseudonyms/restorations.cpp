#include "router/privacy/pseudonyms/restorations.h"

#include <algorithm>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kNumberMin = 7;  // shorter ones are found as they were written only

/// The value cased as its surrogate was found.
std::string recased(const Restoration& restoration, std::string_view matched) {
  const std::string& value = restoration.value;
  if (restoration.recasing == Recasing::Never || matched == restoration.surrogate) return value;
  switch (case_style(matched)) {
    case CaseStyle::Upper:
      return with_case(value, CaseStyle::Upper);
    case CaseStyle::Lower:
      return restoration.recasing == Recasing::Names ? with_case(value, CaseStyle::Lower) : value;
    case CaseStyle::Title: {
      if (restoration.recasing != Recasing::Names) return value;
      const CaseStyle own = case_style(value);
      const bool flat = own == CaseStyle::Upper || own == CaseStyle::Lower;
      return flat ? with_case(value, CaseStyle::Title) : value;
    }
    case CaseStyle::Mixed:
    case CaseStyle::None:
      break;
  }
  return value;
}

/// A genitive s is not put after another: "Hans'".
bool ends_hissing(std::string_view value) {
  return value.ends_with('s') || value.ends_with('x') || value.ends_with('z') ||
         value.ends_with('S') || value.ends_with('X') || value.ends_with('Z') ||
         value.ends_with("\u00DF");
}

}  // namespace

std::string without_separators(std::string_view number) {
  std::string out;
  for (const char c : number)
    if (is(c, kWord) || (c == '+' && out.empty())) out += lower(c);
  return out;
}

Restorations::Restorations(std::vector<Restoration> list) : list_(std::move(list)) {
  for (std::uint32_t id = 0; id < list_.size(); ++id) {
    phrases_.add(folded(list_[id].surrogate), id);
    if (!list_[id].is_number) continue;
    std::string number = without_separators(list_[id].surrogate);
    if (number.size() >= kNumberMin) numbers_.add(std::move(number), id);
  }
  phrases_.build();
  numbers_.build();
}

PhraseMatch Restorations::match(std::span<const Unit> units, std::size_t at, bool final) const {
  const PhraseMatch phrase = match_phrase(phrases_, units, at, final, [&](std::uint32_t id) {
    return list_[id].anywhere ? Endings::Any : list_[id].endings;
  });
  if (!begins_word(units, at)) {
    const bool fits =
        phrase.state != MatchState::Found || list_[phrase.phrases.front().id].anywhere;
    return fits ? phrase : PhraseMatch{};
  }
  if (phrase.state != MatchState::None || numbers_.empty()) return phrase;
  return match_number(numbers_, units, at, final);
}

std::string Restorations::value_of(std::span<const PhraseIndex::Phrase> phrases,
                                   std::string_view matched, std::string_view ending) const {
  // Two spellings of one value have surrogates that only case or spaces tell apart.
  const Restoration* chosen = &list_[phrases.front().id];
  for (const PhraseIndex::Phrase& each : phrases)
    if (list_[each.id].surrogate == matched) chosen = &list_[each.id];
  std::string value = recased(*chosen, matched);
  if ((ending == "s" || ending == "S") && ends_hissing(value))
    value += '\'';
  else
    value += ending;
  return value;
}

const std::string* Restorations::find_identifier(std::string_view surrogate) const {
  for (const Restoration& each : list_)
    if (each.is_identifier && each.surrogate == surrogate) return &each.value;
  return nullptr;
}

}  // namespace croft::privacy
