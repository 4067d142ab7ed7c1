#pragma once
/// From a text to the token ids of an embedding request.

#include <cstddef>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "text/tokenizer.h"

namespace croft {

struct EmbeddingTokens {
  std::vector<TokenId> tokens;
  std::size_t tokens_before_cut =
      0;  ///< more than tokens.size() where the text was cut: tell the caller
};

/// Tokenizes with the model's special tokens. Where the model's own configuration sets a length
/// (max_seq_length of sentence-transformers), a longer text is cut to it as the model's authors do,
/// keeping the closing token.
[[nodiscard]] EmbeddingTokens encode_for_embedding(const Tokenizer& tokenizer,
                                                   const ModelConfig& config,
                                                   std::string_view text);

}  // namespace croft
