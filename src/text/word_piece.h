#pragma once
/// WordPiece (BERT): each word is cut greedily, longest piece first; a word that does not come out
/// even is one unknown token.

#include <optional>
#include <string>

#include "text/token_model.h"
#include "text/vocabulary.h"

namespace croft {

struct WordPieceOptions {
  std::string start_prefix = {};  ///< before a word's first piece in the vocabulary: U+2581 in GGUF
  std::string next_prefix = {};   ///< before its other pieces: "##" in tokenizer.json
  std::size_t word_chars_max = SIZE_MAX;  ///< a longer word is unknown as a whole
  std::optional<TokenId> unknown = {};
};

class WordPiece final : public TokenModel {
 public:
  /// `vocabulary` must outlive this.
  WordPiece(const Vocabulary& vocabulary, WordPieceOptions options);

  void encode(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  struct Found {
    TokenId id;
    std::size_t length;
  };
  /// The longest piece that `rest` begins with.
  [[nodiscard]] std::optional<Found> longest(std::string_view rest, bool at_start) const;

  const Vocabulary* vocabulary_;
  WordPieceOptions options_;
};

}  // namespace croft
