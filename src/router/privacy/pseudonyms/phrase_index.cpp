#include "router/privacy/pseudonyms/phrase_index.h"

#include <algorithm>
#include <tuple>

namespace croft::privacy {

void PhraseIndex::add(std::string phrase, std::uint32_t id) {
  if (!phrase.empty()) phrases_.push_back({std::move(phrase), id});
}

void PhraseIndex::build() {
  std::ranges::sort(phrases_, [](const Phrase& a, const Phrase& b) {
    return std::tie(a.text, a.id) < std::tie(b.text, b.id);
  });
  for (const Phrase& phrase : phrases_) {
    firsts_.set(static_cast<unsigned char>(phrase.text.front()));
    longest_ = std::max(longest_, phrase.text.size());
  }
}

std::span<const PhraseIndex::Phrase> PhraseIndex::complete(Range range) const {
  std::uint32_t end = range.begin;
  while (end < range.end && phrases_[end].text.size() == range.depth) ++end;
  return std::span(phrases_).subspan(range.begin, end - range.begin);
}

PhraseIndex::Range PhraseIndex::next(Range range, char byte) const {
  range.begin += static_cast<std::uint32_t>(complete(range).size());
  const std::size_t depth = range.depth;
  const auto at = [depth](const Phrase& phrase) {
    return static_cast<unsigned char>(phrase.text[depth]);
  };
  const auto first = phrases_.begin() + range.begin;
  const auto last = phrases_.begin() + range.end;
  const auto [from, to] =
      std::ranges::equal_range(first, last, static_cast<unsigned char>(byte), {}, at);
  return {static_cast<std::uint32_t>(from - phrases_.begin()),
          static_cast<std::uint32_t>(to - phrases_.begin()), range.depth + 1};
}

PhraseIndex::Range PhraseIndex::next(Range range, std::string_view bytes) const {
  for (const char byte : bytes) {
    if (range.empty()) break;
    range = next(range, byte);
  }
  return range;
}

}  // namespace croft::privacy
