#pragma once
/// A prefix tree over byte strings: finds every stored string that begins at a place in a text.

#include <cstdint>
#include <string_view>
#include <vector>

namespace croft {

/// Filled once, then read from many threads. One table holds all edges: about 32 bytes a stored
/// byte.
class ByteTrie {
 public:
  ByteTrie() : values_(1, -1) {}

  /// A later string replaces an equal earlier one. Empty strings are not stored.
  void add(std::string_view text, std::int32_t value);

  /// Calls visit(length, value) for every stored string that `text` begins with, the shortest
  /// first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, const Visit& visit) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == 0) return;
      if (values_[node] >= 0) visit(i + 1, values_[node]);
    }
  }

 private:
  struct Edge {
    std::uint64_t key = 0;  ///< node * 256 + byte + 1; 0 is a free slot
    std::uint32_t child = 0;
  };
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;
  /// 0 (the root, nobody's child) where there is none.
  [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const;
  void grow();

  std::vector<Edge> edges_;
  std::vector<std::int32_t> values_;  ///< by node; -1 where no string ends
};

}  // namespace croft
