#include "engine/chat.h"

#include <chrono>
#include <ctime>

#include "engine/prompt_length.h"

namespace croft {
namespace {

/// Now, as the local calendar shows it: strftime_now prints local time.
std::chrono::sys_seconds local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return std::chrono::sys_seconds(std::chrono::seconds(now + local.tm_gmtoff));
}

std::string token_text(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? std::string(tokenizer.piece(*id)) : std::string{};
}

}  // namespace

Result<ChatFormatter> ChatFormatter::create(std::shared_ptr<const Model> model,
                                            const std::string& override_source) {
  const std::string& source = override_source.empty() ? model->chat_template() : override_source;
  if (source.empty()) {
    return fail(ErrorCode::Unsupported, "the model " + model->info().name + " has no chat template",
                "Use /v1/completions, or give a template file (--template).", "messages");
  }
  ChatTemplate parsed = TRY(ChatTemplate::parse(source));
  return ChatFormatter(std::move(model), std::move(parsed));
}

ChatFormatter::ChatFormatter(std::shared_ptr<const Model> model, ChatTemplate chat_template)
    : model_(std::move(model)), template_(std::move(chat_template)) {}

Result<MarkedText> ChatFormatter::render(json::object context) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  if (!context.contains("add_generation_prompt")) context["add_generation_prompt"] = true;
  context["bos_token"] = token_text(tokenizer, tokenizer.bos());
  context["eos_token"] = token_text(tokenizer, tokenizer.eos());
  RenderOptions options;
  options.now = local_now();
  return template_.render(context, options);
}

std::vector<TokenId> ChatFormatter::tokenize(const MarkedText& text) const {
  // Most templates write the BOS token themselves; a second one would change the answer.
  const Tokenizer& tokenizer = model_->tokenizer();
  const std::string bos = token_text(tokenizer, tokenizer.bos());
  const bool written = !bos.empty() && text.text.starts_with(bos);
  return tokenizer.encode(text.text, {.add_special = tokenizer.adds_bos() && !written,
                                      .parse_special = true,
                                      .untrusted = text.untrusted});
}

Result<ChatPrompt> ChatFormatter::format(json::object context, std::size_t tokens_max) const {
  ChatPrompt prompt;
  prompt.text = TRY(render(std::move(context)));
  TRY(check_prompt_bytes(prompt.text.text, model_->tokenizer(), tokens_max, "messages"));
  prompt.tokens = tokenize(prompt.text);
  if (prompt.tokens.empty())
    return fail(ErrorCode::InvalidArgument,
                "the chat template made an empty prompt of these messages", {}, "messages");
  return prompt;
}

}  // namespace croft
