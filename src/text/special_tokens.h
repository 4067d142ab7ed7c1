#pragma once
/// Tokens that are cut out of the text before anything else: control tokens and user-defined ones.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/tokenizer.h"

namespace croft {

struct SpecialToken {
  std::string text;
  TokenId id = -1;
  bool control = false;      ///< only recognised with parse_special, outside untrusted ranges
  bool strips_left = false;  ///< takes the white space before it along
  bool strips_right = false;
  bool single_word = false;  ///< not where a word character touches it
};

/// A part of a text: a special token (id >= 0), or text between them.
struct Segment {
  ByteRange range;
  TokenId id = -1;
};

class SpecialTokens {
 public:
  SpecialTokens() = default;
  explicit SpecialTokens(std::vector<SpecialToken> tokens);

  [[nodiscard]] bool empty() const { return tokens_.empty(); }
  /// The parts of `text` in order, none of them empty text. At every place the longest token wins.
  [[nodiscard]] std::vector<Segment> split(std::string_view text, bool parse_special,
                                           std::span<const ByteRange> untrusted) const;

 private:
  std::vector<SpecialToken> tokens_;
  ByteTrie trie_;
  std::array<bool, 256> starts_{};  ///< bytes that begin any token: skips most text in one look-up
};

}  // namespace croft
