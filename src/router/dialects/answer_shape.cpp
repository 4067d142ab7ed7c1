#include "router/dialects/answer_shape.h"

#include <algorithm>

#include "base/check.h"

namespace croft::dialects {
namespace {

json::value count_json(const std::optional<std::int64_t>& count) {
  return count ? json::value(*count) : json::value();
}

void add_count(json::object& out, std::string_view name, const std::optional<std::int64_t>& count) {
  if (count) out[name] = *count;
}

}  // namespace

std::string_view openai_finish_word(FinishCause cause) {
  switch (cause) {
    case FinishCause::Stop:
    case FinishCause::StopSequence:
      return "stop";
    case FinishCause::Length:
      return "length";
    case FinishCause::ToolCalls:
      return "tool_calls";
    case FinishCause::ContentFilter:
      return "content_filter";
  }
  return "stop";
}

std::string_view anthropic_stop_word(FinishCause cause) {
  switch (cause) {
    case FinishCause::Stop:
      return "end_turn";
    case FinishCause::StopSequence:
      return "stop_sequence";
    case FinishCause::Length:
      return "max_tokens";
    case FinishCause::ToolCalls:
      return "tool_use";
    case FinishCause::ContentFilter:
      return "refusal";
  }
  return "end_turn";
}

json::value openai_usage_json(const Usage& usage) {
  if (usage == Usage{}) return nullptr;
  json::object out;
  add_count(out, "prompt_tokens", usage.prompt_tokens);
  add_count(out, "completion_tokens", usage.completion_tokens);
  if (usage.prompt_tokens && usage.completion_tokens)
    out["total_tokens"] = *usage.prompt_tokens + *usage.completion_tokens;
  json::object prompt;
  add_count(prompt, "cached_tokens", usage.cached_tokens);
  add_count(prompt, "cache_write_tokens", usage.cache_write_tokens);
  if (!prompt.empty()) out["prompt_tokens_details"] = std::move(prompt);
  if (usage.reasoning_tokens)
    out["completion_tokens_details"] = json::object{{"reasoning_tokens", *usage.reasoning_tokens}};
  return out;
}

json::object anthropic_usage_json(const Usage& usage) {
  json::object out;
  std::optional<std::int64_t> input = usage.prompt_tokens;
  if (input)
    input = std::max<std::int64_t>(
        *input - usage.cached_tokens.value_or(0) - usage.cache_write_tokens.value_or(0), 0);
  out["input_tokens"] = count_json(input);
  out["cache_creation_input_tokens"] = count_json(usage.cache_write_tokens);
  out["cache_read_input_tokens"] = count_json(usage.cached_tokens);
  out["output_tokens"] = count_json(usage.completion_tokens);
  return out;
}

void add_extras(const AnswerLook& look, json::object& body) {
  if (!look.warnings.empty()) body.emplace("warnings", json::value_from(look.warnings));
  for (const auto& member : look.extra) body.emplace(member.key(), member.value());
}

std::unique_ptr<AnswerWriter> make_answer_writer(Dialect client, AnswerLook look) {
  CHECK(client != Dialect::Ollama);
  return client == Dialect::OpenAi ? make_openai_writer(std::move(look))
                                   : make_anthropic_writer(std::move(look));
}

}  // namespace croft::dialects
