#include "text/merge_table.h"

#include <bit>
#include <string>

namespace croft {

void MergeTable::reserve(std::size_t count) {
  slots_.assign(std::bit_ceil(std::max<std::size_t>(count * 2, 2)), Slot{});
  mask_ = slots_.size() - 1;
}

/// The slot that holds `key`, or the free one where it belongs.
std::size_t MergeTable::slot_of(std::uint64_t key) const {
  std::uint64_t hash = key * 0x9E3779B97F4A7C15u;  // Fibonacci hashing: 2^64 / golden ratio
  hash ^= hash >> 32;
  std::size_t at = hash & mask_;
  while (slots_[at].key != empty_key && slots_[at].key != key) at = (at + 1) & mask_;
  return at;
}

void MergeTable::add(TokenId left, TokenId right, std::uint32_t rank, TokenId result) {
  const std::uint64_t key = key_of(left, right);
  Slot& slot = slots_[slot_of(key)];
  if (slot.key == empty_key) slot = {key, rank, result};
}

std::optional<Merge> MergeTable::find(TokenId left, TokenId right) const {
  if (left < 0 || right < 0 || slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(key_of(left, right))];
  if (slot.key == empty_key) return std::nullopt;
  return Merge{slot.rank, slot.result};
}

MergeTable make_merge_table(const Vocabulary& vocabulary, const std::vector<SpeltMerge>& merges) {
  MergeTable table;
  table.reserve(merges.size());
  std::string joined;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    joined.assign(left).append(right);
    const auto left_id = vocabulary.find(left);
    const auto right_id = vocabulary.find(right);
    const auto result = vocabulary.find(joined);
    if (!left_id || !right_id || !result || !forms_from_text(vocabulary.kind(*result))) continue;
    table.add(*left_id, *right_id, static_cast<std::uint32_t>(rank), *result);
  }
  return table;
}

}  // namespace croft
