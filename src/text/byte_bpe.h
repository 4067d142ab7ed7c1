#pragma once
/// Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM): 256 byte tokens and a ranked list of merges.

#include <array>

#include "text/merge_table.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace croft {

class ByteBpe final : public TokenModel {
 public:
  /// `ignore_merges`: a whole piece that is a token becomes it, whatever the merges say (Llama 3).
  /// Merges of pieces outside the vocabulary can never make a token and are left out. `vocabulary`
  /// must outlive this.
  ByteBpe(const Vocabulary& vocabulary, const std::vector<SpeltMerge>& merges, bool ignore_merges);

  /// A byte without a token of its own adds nothing, as in the references.
  void encode(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  const Vocabulary* vocabulary_;
  std::array<TokenId, 256> byte_tokens_;
  MergeTable merges_;
  StringIndex whole_pieces_;  ///< by text; only filled for ignore_merges
  bool ignore_merges_;
};

}  // namespace croft
