// Values that are known, where no recogniser sees them: "Schmidt" two lines after "Anna Schmidt".
#include <algorithm>

#include "router/privacy/pseudonyms/pseudonym_map.h"
#include "router/privacy/pseudonyms/surrogate_names.h"
#include "router/privacy/pseudonyms/value_parts.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kLettersMin = 3;  // of a name
constexpr std::size_t kBytesMin = 6;    // of anything else

std::size_t words_in(std::string_view value) {
  std::size_t count = 0;
  each_word(value, [&](std::string_view) { ++count; });
  return count;
}

bool is_single_name(SurrogateKind kind, std::string_view value) {
  using enum SurrogateKind;
  return (kind == Person || kind == Place || kind == Organization) && words_in(value) == 1;
}

/// Whether it is looked for beyond what the recognisers find: what is too short, or a word of the
/// language, would be found where it means something else.
bool is_distinct(SurrogateKind kind, std::string_view value) {
  using enum SurrogateKind;
  if (kind == Token || kind == Identifier) return false;
  if (is_single_name(kind, value)) return value.size() >= kLettersMin && !is_common_word(value);
  return value.size() >= kBytesMin;
}

/// Whether `matched` is a spelling of `value` that means it.
bool is_meant(SurrogateKind kind, std::string_view value, std::string_view matched) {
  if (matched == value) return true;
  if (kind == SurrogateKind::Secret || kind == SurrogateKind::Crypto) return false;
  // "Stein" is no "stein".
  if (is_single_name(kind, value))
    return matched == with_case(value, CaseStyle::Upper) ||
           matched == with_case(value, CaseStyle::Title);
  return true;
}

}  // namespace

void PseudonymMap::build_known() {
  known_ = PhraseIndex();
  for (std::size_t i = 0; i < pseudonyms_.size(); ++i) {
    const Pseudonym& each = pseudonyms_[i];
    if (each.is_alias || !is_distinct(each.kind, each.value)) continue;
    const auto id = static_cast<std::uint32_t>(i);
    std::string phrase = folded(each.value);
    // Folding knows of ASCII's case only.
    if (std::ranges::any_of(phrase, [](char c) { return is(c, kHigh); }))
      for (const CaseStyle style : {CaseStyle::Upper, CaseStyle::Lower})
        if (std::string other = folded(with_case(each.value, style)); other != phrase)
          known_.add(std::move(other), id);
    known_.add(std::move(phrase), id);
  }
  known_.build();
  known_is_stale_ = false;
}

/// The surrogate of a value that is spelled otherwise than it was found.
std::string PseudonymMap::spelling(std::size_t index, std::string_view matched) {
  const Pseudonym known = pseudonyms_[index];
  if (known.value == matched) return known.surrogate;
  if (known.kind == SurrogateKind::Secret) return known.surrogate;
  if (const std::string* found = find(known.type_name, matched)) return *found;
  const SurrogateKind kind = known.kind;
  const std::string type = known.is_part ? "PERSON" : known.type_name;
  if (const std::string* found = find(type, matched)) return *found;
  const bool was_stale = known_is_stale_;
  note(kind, type, matched);
  (void)assign();  // without a deadline it never fails
  known_is_stale_ = was_stale;
  return *find(type, matched);
}

void PseudonymMap::find_known(std::string_view text, std::vector<Known>& out) {
  out.clear();
  if (known_is_stale_) build_known();
  if (known_.empty()) return;
  std::vector<Unit> units;
  std::vector<std::size_t> starts;
  units.reserve(text.size());
  starts.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size(); at += units.back().length) {
    units.push_back(unit_at(text, at, Escapes::None, false));
    starts.push_back(at);
  }
  starts.push_back(text.size());
  for (std::size_t i = 0; i < units.size();) {
    const Unit& unit = units[i];
    if (unit.folded_size == 0 || !known_.may_begin(unit.folded[0]) || splits_number(units, i)) {
      ++i;
      continue;
    }
    const PhraseMatch match = match_phrase(known_, units, i, true, [&](std::uint32_t id) {
      const Pseudonym& known = pseudonyms_[id];
      if (is_recognised_anywhere(known.kind, known.value)) return Endings::Any;
      return known.kind == SurrogateKind::Person ? Endings::Genitive : Endings::None;
    });
    const PhraseIndex::Phrase* meant = nullptr;
    std::string_view matched;
    const bool at_word = begins_word(units, i);
    if (match.state == MatchState::Found) {
      matched = text.substr(starts[i], starts[match.phrase_end] - starts[i]);
      for (const PhraseIndex::Phrase& each : match.phrases) {
        const Pseudonym& known = pseudonyms_[each.id];
        if (!at_word && !(known.value == matched && is_recognised_anywhere(known.kind, matched)))
          continue;
        if (meant == nullptr && is_meant(known.kind, known.value, matched)) meant = &each;
        if (known.value == matched) meant = &each;
      }
    }
    if (meant == nullptr) {
      ++i;
      continue;
    }
    out.push_back({starts[i], starts[match.phrase_end], spelling(meant->id, matched)});
    i = match.end;
  }
}

}  // namespace croft::privacy
