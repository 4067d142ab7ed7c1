#pragma once
/// BPE over characters with a ranked list of merges: how tokenizer.json writes SentencePiece BPE.

#include <optional>

#include "text/merge_table.h"
#include "text/token_model.h"

namespace croft {

struct RankedBpeOptions {
  std::optional<TokenId> unknown = {};
  bool fuse_unknown = false;   ///< neighbouring unknown characters become one token
  bool byte_fallback = false;  ///< unknown characters become byte tokens
  bool ignore_merges =
      false;  ///< a whole piece that is a token becomes it, whatever the merges say
};

class RankedBpe final : public TokenModel {
 public:
  /// `vocabulary` must outlive this.
  RankedBpe(const Vocabulary& vocabulary, const std::vector<SpeltMerge>& merges,
            RankedBpeOptions options);

  void encode(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  [[nodiscard]] std::optional<TokenId> find(std::string_view text) const;
  void append_unknown(std::string_view piece, std::size_t at, std::uint32_t length,
                      std::vector<Symbol>& symbols) const;

  const Vocabulary* vocabulary_;
  MergeTable merges_;
  ByteTokens byte_tokens_;
  RankedBpeOptions options_;
};

}  // namespace croft
