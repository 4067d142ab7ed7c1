#pragma once
/// The one tokenizer behind every kind: special tokens, normalizer, pre-tokenizer, model, decoder.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/special_tokens.h"
#include "text/token_model.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

namespace croft {

/// Everything a tokenizer is made of; the readers of GGUF and tokenizer.json fill it in.
struct PipelineParts {
  std::unique_ptr<const Vocabulary> vocabulary;
  SpecialTokens raw_specials;  ///< searched in the text as given
  SpecialTokens
      normalized_specials;  ///< searched after the normalizer (tokenizer.json's `normalized`)
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<const TokenModel> model;
  std::vector<TokenId> prefix;  ///< what add_special puts in front, and behind
  std::vector<TokenId> suffix;
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::vector<TokenId> end_tokens;    ///< sorted
  bool strips_leading_space = false;  ///< decoding drops one space at the start
};

/// Requires: vocabulary and model set, all ids within the vocabulary.
std::unique_ptr<Tokenizer> make_pipeline(PipelineParts parts);

}  // namespace croft
