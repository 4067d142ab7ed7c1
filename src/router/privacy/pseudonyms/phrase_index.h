#pragma once
/// Phrases that are looked for in a text, all at once: a sorted list in which each further byte
/// narrows the range of phrases that may still come.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croft::privacy {

/// Threads: any, once it is built.
class PhraseIndex {
 public:
  /// `phrase` as it will be compared, byte by byte: folded by the caller. Empty ones are ignored.
  void add(std::string phrase, std::uint32_t id);
  /// Call once, after the last add.
  void build();

  /// The phrases that begin with what was read so far.
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t depth = 0;
    [[nodiscard]] bool empty() const { return begin == end; }
  };
  [[nodiscard]] Range all() const { return {0, static_cast<std::uint32_t>(phrases_.size()), 0}; }
  [[nodiscard]] bool may_begin(char first) const {
    return firsts_.test(static_cast<unsigned char>(first));
  }
  [[nodiscard]] Range next(Range range, char byte) const;
  [[nodiscard]] Range next(Range range, std::string_view bytes) const;

  struct Phrase {
    std::string text;
    std::uint32_t id;
  };
  /// Those that end here, in the order of their ids.
  [[nodiscard]] std::span<const Phrase> complete(Range range) const;
  /// Whether a longer one may come.
  [[nodiscard]] bool goes_on(Range range) const {
    return complete(range).size() < range.end - range.begin;
  }
  [[nodiscard]] bool empty() const { return phrases_.empty(); }
  [[nodiscard]] std::size_t longest() const { return longest_; }  ///< bytes

 private:
  std::vector<Phrase> phrases_;
  std::bitset<256> firsts_;
  std::size_t longest_ = 0;
};

}  // namespace croft::privacy
