#pragma once
/// Requests to upstreams, from the typed form to the JSON of each dialect. What a dialect cannot
/// express is an error that names the client's field: who routes may then try another upstream.
/// Only what cannot change the words of an answer (cache marks, user ids, thoughts of earlier
/// turns) is left out, and then `warnings` says so.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

struct WrittenRequest {
  std::string path;  ///< to append to the upstream's base address: "/v1/chat/completions"
  json::object body;
  std::vector<std::string> warnings;  ///< a sentence for each thing left out or put differently
};

enum class TokensField : std::uint8_t {
  MaxCompletionTokens,  ///< OpenAI's own models refuse the older name
  MaxTokens,            ///< many servers that follow OpenAI know no other
};

struct OpenAiTarget {
  std::string model = {};  ///< the upstream's name of it
  TokensField tokens_field = TokensField::MaxCompletionTokens;
  /// Whether it knows vLLM's extras (top_k, min_p ...), as vLLM, llama-server and Croft do.
  bool engine_extras = false;
  /// Where thoughts of earlier turns go, "reasoning_content"; empty: they are left out.
  std::string thoughts_field = {};
};

struct AnthropicTarget {
  std::string model = {};
  std::int64_t tokens_max = 0;  ///< the longest answer the model gives; 0: not known
  /// Whether it takes system messages between the others, as newer models do.
  bool system_anywhere = false;
};

struct OllamaTarget {
  std::string model = {};
  /// Sent as num_ctx, always the same, for a change makes Ollama load the model anew. Without it
  /// Ollama takes a small context and cuts the beginning of the conversation without a word.
  std::int64_t context_tokens = 0;
  std::string keep_alive = {};  ///< "5m", "-1"; empty: its default
};

// Errors: Unsupported (`field` is the client's); InvalidArgument where the target lacks what the
// dialect needs; ContextOverflow where the answer alone would not fit Ollama's context.
Result<WrittenRequest> write_openai(const ChatCall& call, const OpenAiTarget& target);
Result<WrittenRequest> write_anthropic(const ChatCall& call, const AnthropicTarget& target);
Result<WrittenRequest> write_ollama(const ChatCall& call, const OllamaTarget& target);

/// Content type, version and key as each dialect wants them. An empty key sends none.
[[nodiscard]] std::vector<Header> request_headers(Dialect dialect, std::string_view key);

}  // namespace croft::dialects
