#pragma once
/// The prompts of `croft run`: with the model's chat template, or as plain text to be continued.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "cli/generate.h"
#include "cli/settings.h"
#include "engine/chat.h"

namespace croft::cli {

class Conversation {
 public:
  /// Errors: InvalidArgument (--system without a template); Io (--template); Unsupported (an
  /// encoder).
  static Result<Conversation> create(Engine& engine, const Settings& settings);

  /// Answers `text` and keeps both as turns of the chat; a failed turn is forgotten.
  Result<Generated> answer(const std::string& text, std::stop_token cancel,
                           const TextSink& on_text);
  /// Forgets all turns but the system text.
  void clear();

  [[nodiscard]] bool is_chat() const { return formatter_.has_value(); }
  [[nodiscard]] std::uint64_t seed() const { return sampling_.seed; }

 private:
  explicit Conversation(Engine& engine) : engine_(&engine) {}
  Result<std::vector<TokenId>> prompt_tokens(const std::string& text) const;

  Engine* engine_;
  std::optional<ChatFormatter> formatter_;  ///< empty: plain text
  json::array messages_;
  std::string system_;
  SamplingOptions sampling_;
  std::size_t tokens_max_ = 0;
};

/// Why an answer ended early, as a note for the person; empty where it ended by itself.
[[nodiscard]] std::string early_end_text(const Generated& generated, std::size_t tokens_max);
/// "prompt 36 tokens, 171 tokens/s; first token after 0.23 s; answer 64 tokens, 80 tokens/s"
[[nodiscard]] std::string stats_text(const GenerationUsage& usage);
/// {"text", "finish_reason", "usage", "timings", ...}
[[nodiscard]] json::object generated_json(const Generated& generated);

}  // namespace croft::cli
