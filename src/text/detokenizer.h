#pragma once
/// Streaming detokenizer: text comes out as soon as it is certain, never half a UTF-8 character.

#include <string>

#include "text/tokenizer.h"

namespace croft {

class Detokenizer {
 public:
  /// `special`: keep control tokens as text. `at_start`: the first token begins a text
  /// (SentencePiece drops its leading space); false where it continues one, as generated text after
  /// a prompt does.
  Detokenizer(const Tokenizer& tokenizer, bool special, bool at_start);

  /// The text that became certain with this token (often empty for byte tokens).
  std::string push(TokenId id);
  /// What is left at the end; an unfinished character becomes U+FFFD.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::string held_;  ///< at most 3 bytes of an unfinished character
  bool special_;
  bool at_start_;
};

}  // namespace croft
