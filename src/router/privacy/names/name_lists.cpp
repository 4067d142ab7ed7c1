#include "router/privacy/names/name_lists.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "router/privacy/names/name_tokens.h"

namespace croft::privacy {

NameLists::NameLists(std::vector<std::uint32_t> slots)
    : slots_(std::move(slots)), mask_(slots_.size() - 1) {
  CHECK(std::has_single_bit(slots_.size()) && slots_.size() <= slots_max);
  CHECK(std::ranges::find(slots_, 0u) != slots_.end());
}

void NameListsBuilder::add(std::string_view entry, NameList list) {
  std::vector<NameToken> tokens;
  constexpr std::size_t kTokensMax = 8;
  read_name_tokens(entry, 0, kTokensMax, tokens);
  if (tokens.empty() || tokens.size() > 3) return;
  std::uint32_t hash = tokens[0].hash;
  if (tokens.size() > 1) {
    entries_.push_back({hash, kBeginsLonger});
    for (std::size_t i = 1; i < tokens.size(); ++i) hash = name_hash_pair(hash, tokens[i].hash);
    // The tagger looks for the third only where the first two lead on.
    if (tokens.size() == 3)
      entries_.push_back({name_hash_pair(tokens[0].hash, tokens[1].hash), kBeginsLonger});
  }
  entries_.push_back({hash, list});
}

NameLists NameListsBuilder::build() {
  std::ranges::sort(entries_, {}, &Entry::hash);
  std::vector<Entry> merged;
  for (const Entry& entry : entries_) {
    if (!merged.empty() && merged.back().hash == entry.hash)
      merged.back().lists |= entry.lists;
    else
      merged.push_back(entry);
  }
  const std::size_t size = std::bit_ceil(merged.size() + merged.size() / 5 + 2);
  std::vector<std::uint32_t> slots(std::min(size, NameLists::slots_max), 0);
  const std::size_t mask = slots.size() - 1;
  std::size_t taken = 0;
  for (const Entry& entry : merged) {
    const std::uint32_t print = NameLists::fingerprint(entry.hash);
    std::size_t slot = entry.hash & mask;
    while (slots[slot] != 0 && (slots[slot] & 0xFFFFFF00u) != print) slot = (slot + 1) & mask;
    if (slots[slot] == 0 && ++taken == slots.size()) break;  // one slot stays free
    slots[slot] |= print | entry.lists;
  }
  return NameLists(std::move(slots));
}

}  // namespace croft::privacy
