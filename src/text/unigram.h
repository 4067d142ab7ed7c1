#pragma once
/// SentencePiece unigram (T5, XLM-R): the segmentation of the highest total score, found by
/// Viterbi.

#include <optional>

#include "text/byte_trie.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace croft {

struct UnigramOptions {
  std::optional<TokenId> unknown = {};
  bool byte_fallback = false;  ///< unknown characters become byte tokens
};

class Unigram final : public TokenModel {
 public:
  /// `vocabulary` must outlive this.
  Unigram(const Vocabulary& vocabulary, UnigramOptions options);

  /// Neighbouring unknown characters become one unknown token.
  void encode(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  void append_unknown(std::string_view text, std::vector<TokenId>& out) const;

  const Vocabulary* vocabulary_;
  ByteTrie pieces_;
  ByteTokens byte_tokens_;
  UnigramOptions options_;
  double unknown_score_ = 0;
};

}  // namespace croft
