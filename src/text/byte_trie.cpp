#include "text/byte_trie.h"

#include <algorithm>

namespace croft {

std::size_t ByteTrie::slot_of(std::uint64_t key) const {
  const std::size_t mask = edges_.size() - 1;
  std::uint64_t hash = key * 0x9E3779B97F4A7C15u;  // Fibonacci hashing: 2^64 / golden ratio
  hash ^= hash >> 32;
  std::size_t at = hash & mask;
  while (edges_[at].key != 0 && edges_[at].key != key) at = (at + 1) & mask;
  return at;
}

std::uint32_t ByteTrie::child(std::uint32_t node, unsigned char byte) const {
  if (edges_.empty()) return 0;
  return edges_[slot_of(std::uint64_t{node} * 256 + byte + 1)].child;
}

void ByteTrie::grow() {
  std::vector<Edge> old = std::move(edges_);
  edges_.assign(std::max<std::size_t>(old.size() * 2, 64), Edge{});
  for (const Edge& edge : old) {
    if (edge.key != 0) edges_[slot_of(edge.key)] = edge;
  }
}

void ByteTrie::add(std::string_view text, std::int32_t value) {
  if (text.empty()) return;
  std::uint32_t node = 0;
  for (const char c : text) {
    if (values_.size() * 2 >= edges_.size()) grow();
    const std::uint64_t key = std::uint64_t{node} * 256 + static_cast<unsigned char>(c) + 1;
    Edge& edge = edges_[slot_of(key)];
    if (edge.key == 0) {
      edge = {key, static_cast<std::uint32_t>(values_.size())};
      values_.push_back(-1);
    }
    node = edge.child;
  }
  values_[node] = value;
}

}  // namespace croft
