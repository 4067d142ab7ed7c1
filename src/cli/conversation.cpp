#include "cli/conversation.h"

#include <random>
#include <utility>

#include "base/limits.h"
#include "cli/terminal.h"

namespace croft::cli {
namespace {

SamplingOptions sampling_options(const Settings& settings) {
  SamplingOptions sampling;
  sampling.temperature = static_cast<float>(settings.real("temperature"));
  sampling.top_k = static_cast<std::int32_t>(settings.integer("top-k"));
  sampling.top_p = static_cast<float>(settings.real("top-p"));
  sampling.min_p = static_cast<float>(settings.real("min-p"));
  sampling.repetition_penalty = static_cast<float>(settings.real("repetition-penalty"));
  // 32 random bits: a seed that a person may want to type again.
  sampling.seed = settings.has_value("seed") ? static_cast<std::uint64_t>(settings.integer("seed"))
                                             : std::random_device{}();
  return sampling;
}

double per_second(std::size_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
}

/// Tokens after the first: the first one's time belongs to the prompt.
double decode_rate(const GenerationUsage& usage) {
  return usage.completion_tokens > 1 ? per_second(usage.completion_tokens - 1, usage.decode_seconds)
                                     : 0.0;
}

}  // namespace

Result<Conversation> Conversation::create(Engine& engine, const Settings& settings) {
  if (engine.model().decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                engine.model().info().name + " makes embeddings and cannot write text",
                "Use `croft embed --model MODEL TEXT`");
  Conversation made(engine);
  made.sampling_ = sampling_options(settings);
  made.tokens_max_ = settings.size("max-tokens");
  made.system_ = settings.text("system");
  const std::string& file = settings.text("template");
  const bool has_template = !file.empty() || !engine.model().chat_template().empty();
  if (!settings.flag("raw") && has_template) {
    std::string source;
    if (!file.empty()) source = TRY(read_file_or_stdin(file, limits::template_source_bytes_max));
    made.formatter_ = TRY(ChatFormatter::create(engine.shared_model(), source));
  } else if (!made.system_.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "--system needs a chat template, and this text is continued as it stands",
                "Leave --system out, or give --template", "system");
  }
  made.clear();
  return made;
}

void Conversation::clear() {
  messages_.clear();
  if (!system_.empty()) messages_.push_back(json::object{{"role", "system"}, {"content", system_}});
}

Result<std::vector<TokenId>> Conversation::prompt_tokens(const std::string& text) const {
  if (formatter_) {
    ChatPrompt prompt = TRY(formatter_->format(json::object{{"messages", messages_}}));
    return std::move(prompt.tokens);
  }
  std::vector<TokenId> tokens = engine_->model().tokenizer().encode(
      text, {.add_special = true, .parse_special = false, .untrusted = {}});
  if (tokens.empty())
    return fail(ErrorCode::InvalidArgument, "the prompt is empty", "Give some text to continue");
  return tokens;
}

Result<Generated> Conversation::answer(const std::string& text, std::stop_token cancel,
                                       const TextSink& on_text) {
  messages_.push_back(json::object{{"role", "user"}, {"content", text}});
  auto answered = [&]() -> Result<Generated> {
    GenerationRequest request;
    request.prompt = TRY(prompt_tokens(text));
    request.tokens_max = tokens_max_;
    request.sampling = sampling_;
    request.cancel = std::move(cancel);
    return generate_and_wait(*engine_, std::move(request), on_text);
  }();
  if (answered)
    messages_.push_back(json::object{{"role", "assistant"}, {"content", answered->text}});
  else
    messages_.pop_back();
  return answered;
}

std::string early_end_text(const Generated& generated, std::size_t tokens_max) {
  if (generated.reason != FinishReason::Length) return {};
  const std::size_t count = generated.usage.completion_tokens;
  if (count >= tokens_max)
    return "the answer was stopped after " + std::to_string(count) +
           " tokens; --max-tokens allows more";
  return "the context is full after " + std::to_string(count + generated.usage.prompt_tokens) +
         " tokens; --context allows more";
}

std::string stats_text(const GenerationUsage& usage) {
  return "prompt " + std::to_string(usage.prompt_tokens) + " tokens, " +
         fixed(per_second(usage.prompt_tokens, usage.prompt_seconds), 1) +
         " tokens/s; first token after " + fixed(usage.queue_seconds + usage.prompt_seconds, 3) +
         " s; answer " + std::to_string(usage.completion_tokens) + " tokens, " +
         fixed(decode_rate(usage), 1) + " tokens/s";
}

json::object generated_json(const Generated& generated) {
  const GenerationUsage& usage = generated.usage;
  return {{"text", generated.text},
          {"finish_reason", finish_reason_text(generated.reason)},
          {"usage",
           {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens}}},
          {"timings",
           {{"queue_seconds", usage.queue_seconds},
            {"prompt_seconds", usage.prompt_seconds},
            {"decode_seconds", usage.decode_seconds},
            {"time_to_first_token_seconds", usage.queue_seconds + usage.prompt_seconds},
            {"prompt_tokens_per_second", per_second(usage.prompt_tokens, usage.prompt_seconds)},
            {"decode_tokens_per_second", decode_rate(usage)}}}};
}

}  // namespace croft::cli
