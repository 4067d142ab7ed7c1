#pragma once
/// Log-probabilities in OpenAI's two shapes: chat's list of entries, and completions' four parallel
/// lists.

#include <cstddef>
#include <span>
#include <string>

#include "base/json.h"
#include "engine/request.h"
#include "text/tokenizer.h"

namespace croft {

/// A token as text for JSON: its bytes, or `bytes:\xe2\x80` where they are no whole UTF-8
/// characters, or `token_id:123` where the caller asked for ids.
[[nodiscard]] std::string token_text(const Tokenizer& tokenizer, TokenId id, bool as_id);

/// Chat: {"content": [{token, logprob, bytes, top_logprobs}], "refusal": null}.
[[nodiscard]] json::object chat_logprobs(const Tokenizer& tokenizer,
                                         std::span<const TokenLogprob> tokens, bool as_ids);
/// Joins the lists of `more` to those of `into`, which may be empty.
void append_chat_logprobs(json::object& into, json::object more);

/// Completions: {tokens, token_logprobs, top_logprobs, text_offset}, grown piece by piece.
class CompletionLogprobs {
 public:
  /// `special_in_text`: control tokens take room in the text, so offsets count them.
  /// `at_text_start`: the first token begins the text, where SentencePiece drops its leading space.
  struct Options {
    bool as_ids = false;
    bool special_in_text = false;
    bool at_text_start = false;
  };
  CompletionLogprobs(const Tokenizer& tokenizer, const Options& options)
      : tokenizer_(&tokenizer), options_(options) {}

  /// The lists of these tokens alone; offsets go on from the last call. A NaN log-probability
  /// becomes null, as the first token of a prompt has none.
  [[nodiscard]] json::object next(std::span<const TokenLogprob> tokens);

 private:
  [[nodiscard]] std::size_t characters_of(TokenId id);

  const Tokenizer* tokenizer_;
  Options options_;
  std::size_t characters_ = 0;  ///< Unicode characters before the next token
};

/// Joins the four lists of `more` to those of `into`, which may be empty.
void append_completion_logprobs(json::object& into, json::object more);

}  // namespace croft
