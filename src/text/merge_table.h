#pragma once
/// Ranked merges of token pairs: (left id, right id) to rank and result.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "text/merge.h"
#include "text/vocabulary.h"

namespace croft {

class MergeTable {
 public:
  /// Room for `count` merges; call once before `add`.
  void reserve(std::size_t count);
  /// The first of two equal pairs wins: it has the lower rank. Requires ids >= 0.
  void add(TokenId left, TokenId right, std::uint32_t rank, TokenId result);
  [[nodiscard]] std::optional<Merge> find(TokenId left, TokenId right) const;

 private:
  struct Slot {
    std::uint64_t key = empty_key;
    std::uint32_t rank = 0;
    TokenId result = -1;
  };
  static constexpr std::uint64_t empty_key = UINT64_MAX;
  static std::uint64_t key_of(TokenId left, TokenId right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
};

/// One line of a merge list, as spelt in the vocabulary.
using SpeltMerge = std::pair<std::string_view, std::string_view>;

/// Fills a table from spelt merges. Merges of pieces outside the vocabulary, and merges that would
/// make a control token, are left out: the first can make no token, the second would let text spell
/// one.
[[nodiscard]] MergeTable make_merge_table(const Vocabulary& vocabulary,
                                          const std::vector<SpeltMerge>& merges);

}  // namespace croft
