#pragma once
/// BERT's basic tokenizer: cleaning and spacing before WordPiece.

#include "text/normalizer.h"
#include "text/pre_tokenizer.h"

namespace croft {

struct BertNormalizerOptions {
  bool clean_text = true;  ///< drop control characters, turn white space into spaces
  bool space_han = true;   ///< every Chinese character is a word of its own
  bool strip_accents = true;
  bool lower_case = true;
};

std::unique_ptr<NormalizerStep> make_bert_normalizer(BertNormalizerOptions options);

/// Words between white space; every punctuation character is a piece of its own.
Result<PreTokenizer> make_bert_pre_tokenizer();

}  // namespace croft
