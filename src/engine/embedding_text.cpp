#include "engine/embedding_text.h"

namespace croft {

EmbeddingTokens encode_for_embedding(const Tokenizer& tokenizer, const ModelConfig& config,
                                     std::string_view text) {
  EmbeddingTokens out;
  out.tokens = tokenizer.encode(text, {});
  out.tokens_before_cut = out.tokens.size();
  const std::size_t most = config.embedding_tokens_max;
  if (most == 0 || out.tokens.size() <= most) return out;
  const TokenId last = out.tokens.back();
  out.tokens.resize(most);
  if (tokenizer.kind(last) == TokenKind::Control) out.tokens.back() = last;
  return out;
}

}  // namespace croft
