#pragma once
/// The merging loop that every BPE shares: the pair of least rank merges first, the leftmost of
/// equals.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "text/tokenizer.h"

namespace croft {

/// A run of bytes that is one token so far (or none: id -1).
struct Symbol {
  TokenId id = -1;
  std::uint32_t begin = 0;   ///< byte offset in the piece
  std::uint32_t length = 0;  ///< bytes; 0 after it merged into its left neighbour
};

/// What two neighbours become.
struct Merge {
  std::uint64_t rank = 0;
  TokenId id = -1;
};

/// Up to this many symbols a plain scan beats the heap; ordinary words have 2 to 8.
inline constexpr std::size_t merge_scan_max = 24;

namespace detail {

/// Quadratic, without allocation beyond one small array. `find(left, right)` gives optional<Merge>.
template <typename Find>
void merge_by_scan(std::vector<Symbol>& symbols, const Find& find) {
  std::optional<Merge> merges[merge_scan_max];
  std::size_t count = symbols.size();
  for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    std::size_t best = count;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      if (merges[i] && (best == count || merges[i]->rank < merges[best]->rank)) best = i;
    }
    if (best == count) break;
    symbols[best].id = merges[best]->id;
    symbols[best].length += symbols[best + 1].length;
    for (std::size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i] = merges[i + 1];
    }
    --count;
    if (best > 0) merges[best - 1] = find(symbols[best - 1], symbols[best]);
    if (best + 1 < count) merges[best] = find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

struct Candidate {
  std::uint64_t rank;
  std::uint32_t left;
  std::uint32_t right;
  std::uint32_t
      length;  ///< of both together when it was found; another value now means it is stale
  TokenId id;
};

struct LaterCandidate {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  }
};

/// O(n log n): a heap of candidates over a linked list of symbols.
template <typename Find>
void merge_by_heap(std::vector<Symbol>& symbols, const Find& find) {
  constexpr std::uint32_t none = UINT32_MAX;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<std::uint32_t> previous(count);
  std::vector<std::uint32_t> next(count);
  std::vector<Candidate> found;
  found.reserve(count);
  std::priority_queue<Candidate, std::vector<Candidate>, LaterCandidate> heap(LaterCandidate{},
                                                                              std::move(found));
  const auto consider = [&](std::uint32_t left, std::uint32_t right) {
    if (const std::optional<Merge> merge = find(symbols[left], symbols[right])) {
      heap.push(
          {merge->rank, left, right, symbols[left].length + symbols[right].length, merge->id});
    }
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    previous[i] = i == 0 ? none : i - 1;
    next[i] = i + 1 < count ? i + 1 : none;
    if (i > 0) consider(i - 1, i);
  }
  while (!heap.empty()) {
    const Candidate best = heap.top();
    heap.pop();
    Symbol& left = symbols[best.left];
    Symbol& right = symbols[best.right];
    if (left.length == 0 || right.length == 0 || left.length + right.length != best.length)
      continue;
    left.id = best.id;
    left.length = best.length;
    right.length = 0;
    const std::uint32_t after = next[best.right];
    next[best.left] = after;
    if (after != none) previous[after] = best.left;
    if (previous[best.left] != none) consider(previous[best.left], best.left);
    if (after != none) consider(best.left, after);
  }
  std::erase_if(symbols, [](const Symbol& symbol) { return symbol.length == 0; });
}

}  // namespace detail

/// Merges `symbols` (neighbours in one piece, each of length > 0) until no pair merges.
template <typename Find>
void merge_symbols(std::vector<Symbol>& symbols, const Find& find) {
  if (symbols.size() <= merge_scan_max) {
    detail::merge_by_scan(symbols, find);
  } else {
    detail::merge_by_heap(symbols, find);
  }
}

}  // namespace croft
