#include "router/gates/prompt_language.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace croft {
namespace {

enum Script : std::uint8_t {
  Latin,
  Cyrillic,
  Greek,
  Hebrew,
  Arabic,
  Devanagari,
  Thai,
  Hangul,
  Kana,
  Han,
  Other,
};

struct ScriptRange {
  char32_t first;
  char32_t last;
  Script script;
};

// Blocks of Unicode, ascending.
constexpr ScriptRange ranges[] = {
    {0x00C0, 0x024F, Latin},  {0x0370, 0x03FF, Greek},  {0x0400, 0x04FF, Cyrillic},
    {0x0590, 0x05FF, Hebrew}, {0x0600, 0x06FF, Arabic}, {0x0900, 0x097F, Devanagari},
    {0x0E00, 0x0E7F, Thai},   {0x1100, 0x11FF, Hangul}, {0x1E00, 0x1EFF, Latin},
    {0x1F00, 0x1FFF, Greek},  {0x3041, 0x30FF, Kana},   {0x3400, 0x4DBF, Han},
    {0x4E00, 0x9FFF, Han},    {0xAC00, 0xD7AF, Hangul}, {0xF900, 0xFAFF, Han},
    {0x20000, 0x2FA1F, Han},
};

Script script_of(char32_t letter) {
  for (const auto& [first, last, script] : ranges)
    if (letter <= last) return letter >= first ? script : Other;
  return Other;
}

/// Letters of one or two of our languages: bits of LatinLanguage.
std::uint16_t languages_of(char32_t letter) {
  constexpr auto bit = [](LatinLanguage language) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(language));
  };
  switch (letter) {
    case U'ß':
      return bit(LatinLanguage::De);
    case U'ñ':
      return bit(LatinLanguage::Es);
    case U'ã':
    case U'õ':
      return bit(LatinLanguage::Pt);
    case U'œ':
    case U'ê':
    case U'û':
      return bit(LatinLanguage::Fr);
    case U'ł':
    case U'ą':
    case U'ę':
    case U'ś':
    case U'ź':
    case U'ż':
    case U'ć':
    case U'ń':
      return bit(LatinLanguage::Pl);
    case U'å':
      return bit(LatinLanguage::Sv) | bit(LatinLanguage::Da);
    case U'ø':
    case U'æ':
      return bit(LatinLanguage::Da);
    case U'ř':
    case U'ě':
    case U'ů':
      return bit(LatinLanguage::Cs);
    case U'ğ':
    case U'ı':
      return bit(LatinLanguage::Tr);
    case U'ő':
    case U'ű':
      return bit(LatinLanguage::Hu);
    case U'ț':
    case U'ș':
    case U'ă':
      return bit(LatinLanguage::Ro);
    default:
      return 0;
  }
}

/// A letter that the one language we name for a script does not have.
bool is_foreign(Script script, char32_t letter) {
  if (script == Cyrillic)  // Ukrainian, Belarusian, Serbian, Macedonian
    return std::u32string_view(U"іїєґўјљњђћџѓќѕІЇЄҐЎЈЉЊЂЋЏ").contains(letter);
  if (script == Arabic)  // Persian and Urdu
    return std::u32string_view(U"پچژگکیےٹڈں").contains(letter);
  return false;
}

constexpr std::array<std::string_view, latin_languages_answered_count> latin_names = {
    "en", "de", "fr", "es", "it", "pt", "nl", "pl"};

}  // namespace

void LanguageEvidence::add_word(const KnownWord& word) {
  ++words_;
  if (word.languages == 0) return;
  // A word of one language says more than one that several share.
  const auto shared = static_cast<std::uint32_t>(std::popcount(word.languages));
  const std::uint32_t weight = shared == 1 ? 6 : shared == 2 ? 4 : shared == 3 ? 3 : 2;
  for (unsigned bits = word.languages; bits != 0; bits &= bits - 1) {
    const auto language = static_cast<std::size_t>(std::countr_zero(bits));
    scores_[language] += weight;
    ++hits_[language];
    if (shared == 1) ++own_hits_[language];
  }
}

void LanguageEvidence::add_letter(char32_t letter) {
  const Script script = script_of(letter);
  if (script == Other) return;
  ++scripts_[script];
  foreign_letters_ += is_foreign(script, letter) ? 1u : 0u;
  // Russian has ъ before е, ё, ю and я only; Bulgarian is full of it.
  if (last_letter_ == U'ъ' && !std::u32string_view(U"еёюя").contains(letter)) ++foreign_letters_;
  last_letter_ = letter;
  if (script != Latin) return;
  for (unsigned bits = languages_of(letter); bits != 0; bits &= bits - 1)
    scores_[static_cast<std::size_t>(std::countr_zero(bits))] += 3;
}

std::string_view LanguageEvidence::latin() const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores_.size(); ++i)
    if (scores_[i] > scores_[best]) best = i;
  std::uint32_t second = 0;
  for (std::size_t i = 0; i < scores_.size(); ++i)
    if (i != best) second = std::max(second, scores_[i]);
  // Two function words at least, one word in six, and half as much again as for any other.
  if (best >= latin_names.size() || hits_[best] < 2 || hits_[best] * 6 < words_ ||
      scores_[best] < 8 || scores_[best] * 2 < second * 3)
    return {};
  // Words that only another language has: a text in two languages.
  for (std::size_t i = 0; i < own_hits_.size(); ++i)
    if (i != best && own_hits_[i] >= 2 && own_hits_[i] * 3 >= own_hits_[best]) return {};
  return latin_names[best];
}

std::string_view LanguageEvidence::language() const {
  // A character of these says as much as three letters.
  auto scripts = scripts_;
  for (const Script script : {Hangul, Kana, Han}) scripts[script] *= 3;
  const std::uint32_t all = std::accumulate(scripts.begin(), scripts.end(), 0u);
  // 3 characters make a short question in Chinese.
  constexpr std::uint32_t letters_min = 9;
  if (all < letters_min) return {};
  const auto holds = [&](std::uint32_t letters) { return letters * 4 >= all * 3; };
  const std::uint32_t kana = scripts[Kana];
  const std::uint32_t han = scripts[Han];
  if (holds(scripts[Latin])) return latin();
  if (holds(kana + han)) {
    if (kana * 10 >= kana + han) return "ja";
    return kana == 0 ? "zh" : std::string_view{};
  }
  constexpr std::pair<Script, std::string_view> names[] = {
      {Cyrillic, "ru"},   {Greek, "el"}, {Hebrew, "he"}, {Arabic, "ar"},
      {Devanagari, "hi"}, {Thai, "th"},  {Hangul, "ko"}};
  for (const auto& [script, name] : names)
    // One letter in a hundred may come from a name or a loan word.
    if (holds(scripts[script])) return foreign_letters_ * 100 <= all ? name : std::string_view{};
  return {};
}

}  // namespace croft
