#pragma once
/// The JSON that chat and completions answer with, whole and in pieces. No state: who calls knows
/// what was sent.

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/request.h"
#include "server/api/text_request.h"

namespace croft {

/// What every object of one answer has in common.
struct TextEnvelope {
  TextDialect dialect = TextDialect::Completion;
  std::string id;
  std::int64_t created = 0;  ///< Unix seconds
  std::string model;
  std::string fingerprint;
  bool usage_in_chunks =
      false;  ///< `usage: null` in every chunk, as OpenAI does with include_usage
};

struct TextUsage {
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;  ///< of the prompt
  std::size_t completion_tokens = 0;
};

/// One event of a server-sent event stream.
[[nodiscard]] std::string format_event(const json::value& data);
[[nodiscard]] std::string_view done_event();

[[nodiscard]] json::object usage_json(const TextUsage& usage);
void add_warnings(json::object& body, const std::vector<std::string>& warnings);

/// A chunk with one choice. `logprobs` may be null.
[[nodiscard]] json::object role_chunk(const TextEnvelope& envelope, std::size_t index);
[[nodiscard]] json::object text_chunk(const TextEnvelope& envelope, std::size_t index,
                                      std::string_view text, json::value logprobs);
[[nodiscard]] json::object finish_chunk(const TextEnvelope& envelope, std::size_t index,
                                        FinishReason reason);
/// The last chunk of include_usage: no choices.
[[nodiscard]] json::object usage_chunk(const TextEnvelope& envelope, const TextUsage& usage);

/// A choice of a whole answer.
[[nodiscard]] json::object whole_choice(TextDialect dialect, std::size_t index,
                                        std::string_view text, json::value logprobs,
                                        FinishReason reason);
[[nodiscard]] json::object whole_answer(const TextEnvelope& envelope, json::array choices,
                                        const TextUsage& usage);

}  // namespace croft
