#pragma once
/// SentencePiece BPE by scores (Llama 2, Gemma, Phi-3, Mistral in GGUF): of all neighbours whose
/// joined text is a piece, those of the highest score merge first.

#include <optional>

#include "text/merge.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace croft {

/// Whether a piece continues after a space mark, so that words cannot be merged one by one.
[[nodiscard]] bool has_pieces_across_words(const Vocabulary& vocabulary);

class ScoreBpe final : public TokenModel {
 public:
  /// A character that is no piece becomes its byte tokens, or `unknown` where those are missing.
  /// `vocabulary` must outlive this.
  ScoreBpe(const Vocabulary& vocabulary, std::optional<TokenId> unknown);

  void encode(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  [[nodiscard]] std::optional<TokenId> find(std::string_view text) const;

  const Vocabulary* vocabulary_;
  ByteTokens byte_tokens_;
  std::optional<TokenId> unknown_;
};

}  // namespace croft
