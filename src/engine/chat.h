#pragma once
/// From messages to token ids: the model's template, then its tokenizer, with user text kept from
/// becoming control tokens.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "model/model.h"
#include "template/chat_template.h"

namespace croft {

struct ChatPrompt {
  MarkedText text;
  std::vector<TokenId> tokens;
};

/// Immutable; safe from many threads. Keeps the model alive.
class ChatFormatter {
 public:
  /// Parses the model's template, or `override_source` where given. Errors: Unsupported where the
  /// model has none (says that /v1/completions works); InvalidArgument (template line).
  static Result<ChatFormatter> create(std::shared_ptr<const Model> model,
                                      const std::string& override_source = {});

  /// `context` holds messages, tools, add_generation_prompt and template switches (enable_thinking
  /// ...) in OpenAI's JSON shapes; bos_token and eos_token are added here. Missing
  /// add_generation_prompt means true.
  Result<MarkedText> render(json::object context) const;
  /// Text that cannot fit `tokens_max` is refused untokenized (ContextOverflow).
  Result<ChatPrompt> format(json::object context,
                            std::size_t tokens_max = limits::context_max) const;
  [[nodiscard]] std::vector<TokenId> tokenize(const MarkedText& text) const;

 private:
  ChatFormatter(std::shared_ptr<const Model> model, ChatTemplate chat_template);
  std::shared_ptr<const Model> model_;
  ChatTemplate template_;
};

}  // namespace croft
