#pragma once
/// Chat and completions become one typed request, so that the two dialects cannot drift apart.

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "engine/request.h"
#include "server/text_engine.h"

namespace croft {

/// Choices of one request in all: prompts x n. Each is a sequence of its own in the engine's queue.
inline constexpr std::size_t text_choices_max = 128;

enum class TextDialect : unsigned char { Chat, Completion };

struct TextPrompt {
  std::vector<TokenId> tokens;
  std::string text;  ///< what `echo` gives back
};

struct TextRequest {
  TextDialect dialect = TextDialect::Completion;
  std::vector<TextPrompt> prompts;
  std::size_t choices_per_prompt = 1;
  GenerationRequest
      generation;  ///< of every choice; prompt, seed offset and cancel are filled in per choice
  bool stream = false;
  bool include_usage = false;
  bool echo = false;
  bool token_ids_as_text = false;  ///< tokens of log-probabilities appear as `token_id:123`
  std::vector<std::string> warnings;
};

/// Validates the whole body, renders and tokenizes. Errors: `field` names the field at fault.
Result<TextRequest> read_chat_request(const json::object& body, const TextEngine& engine);
Result<TextRequest> read_completion_request(const json::object& body, const TextEngine& engine);

/// Token ids of a JSON list, each within the vocabulary. `field` names the list in errors.
Result<std::vector<TokenId>> read_token_ids(const json::array& ids, const TextEngine& engine,
                                            const std::string& field);

}  // namespace croft
