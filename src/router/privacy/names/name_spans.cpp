// From labels to spans that look like what they say they are.
#include <algorithm>
#include <array>

#include "router/privacy/names/name_model.h"

namespace croft::privacy {
namespace {

using Tokens = std::span<const NameToken>;

bool is_title_word(std::uint32_t hash) {
  static const auto kTitles = [] {
    std::array<std::uint32_t, 24> hashes{};
    std::size_t count = 0;
    for (const char* word :
         {"mr",   "mrs",  "ms",  "miss",   "dr",    "prof",    "sir",      "madam",
          "herr", "frau", "mme", "mlle",   "señor", "señora",  "signor",   "signora",
          "heer", "sra",  "sr",  "meneer", "dott",  "mevrouw", "monsieur", "madame"})
      hashes[count++] = name_hash(word);
    return hashes;
  }();
  return std::ranges::find(kTitles, hash) != kTitles.end();
}

bool is_edge_sign(const NameToken& token) {
  return token.form == TokenForm::Line || token.form == TokenForm::Sign;
}

/// The point of "Dr." and "Jr." belongs to them.
bool is_point(const NameToken& token) {
  static const std::uint32_t kPoint = name_hash_of_sign(".");
  return token.form == TokenForm::Sign && token.touches_before && token.hash == kPoint;
}

/// A common word in small letters that is no name: "the", "lives".
bool says_nothing(const NameToken& token) {
  return token.form == TokenForm::Lower && (token.lists & kCommonWord) != 0 &&
         (token.lists & kNamesOfLists) == 0;
}

/// "van", "de la" in front of a name.
bool is_particle(Tokens tokens, std::size_t at) {
  constexpr std::size_t kParticleBytes = 3;
  return tokens[at].end - tokens[at].start <= kParticleBytes && at + 1 < tokens.size() &&
         (is_capital(tokens[at + 1].form) || tokens[at + 1].form == TokenForm::Lower);
}

/// A capital where a common word would have none, or a word in small letters that is known as a
/// name and as nothing else.
bool is_evidence(const NameToken& token, bool begins_sentence) {
  const bool is_name = (token.lists & kNamesOfLists) != 0;
  const bool is_common = (token.lists & kCommonWord) != 0;
  if (token.form == TokenForm::Lower) return is_name && !is_common;
  if (token.form == TokenForm::Initial || !is_capital(token.form)) return false;
  return !begins_sentence || !is_common || is_name;
}

bool begins_sentence(Tokens tokens, std::size_t at) {
  return at == 0 || is_edge_sign(tokens[at - 1]);
}

struct Stretch {
  std::size_t first;
  std::size_t last;
};

/// What the tagger took for a name must have something of one. False: leave it alone.
bool is_likely(Tokens tokens, EntityType type, const Stretch& stretch) {
  if (type == EntityType::Age) return true;
  if (type == EntityType::Title)
    return is_capital(tokens[stretch.first].form) || is_title_word(tokens[stretch.first].hash);
  for (std::size_t i = stretch.first; i <= stretch.last; ++i)
    if (is_evidence(tokens[i], begins_sentence(tokens, i))) return true;
  return false;
}

}  // namespace

void append_spans(Tokens tokens, std::span<const NameLabel> labels, std::vector<NameSpan>& spans) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (labels[i] == kOutside) continue;
    const std::size_t type = type_of(labels[i]);
    Stretch stretch{i, i};
    while (stretch.last + 1 < tokens.size() && labels[stretch.last + 1] == further_label(type))
      ++stretch.last;
    i = stretch.last;
    const bool is_address = kNameTypes[type] == EntityType::StreetAddress;
    const auto drops_first = [&] {
      const NameToken& token = tokens[stretch.first];
      return is_edge_sign(token) ||
             (!is_address && says_nothing(token) && !is_particle(tokens, stretch.first));
    };
    const auto drops_last = [&] {
      const NameToken& token = tokens[stretch.last];
      // "5 High Street, please"; but "12 rue de la paix".
      const bool is_apart = !is_address || is_edge_sign(tokens[stretch.last - 1]);
      return (is_edge_sign(token) && !is_point(token)) || (is_apart && says_nothing(token));
    };
    while (stretch.first < stretch.last && drops_first()) ++stretch.first;
    while (stretch.last > stretch.first && drops_last()) --stretch.last;
    if (is_edge_sign(tokens[stretch.first]) || !is_likely(tokens, kNameTypes[type], stretch))
      continue;
    spans.push_back(
        {kNameTypes[type], tokens[stretch.first].start, tokens[stretch.last].end, 0.85f});
  }
}

}  // namespace croft::privacy
