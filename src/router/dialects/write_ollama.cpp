#include <algorithm>
#include <map>
#include <utility>

#include "router/dialects/write_parts.h"
#include "router/dialects/write_request.h"

namespace croft::dialects {
namespace {

constexpr Dialect dialect = Dialect::Ollama;

/// The tool's name by the id of its call: Ollama tells results apart by name.
using ToolNames = std::map<std::string, std::string, std::less<>>;

json::object call_json(const ToolCall& call, json::object arguments) {
  return {{"id", call.id},
          {"function", json::object{{"name", call.name}, {"arguments", std::move(arguments)}}}};
}

Result<void> add_part(const ChatMessage& message, std::size_t index, ToolNames& names,
                      json::object& out, std::vector<std::string>& warnings) {
  const ContentPart& part = message.content[index];
  const std::string field = part_field(message, index);
  if (const auto* text = std::get_if<TextPart>(&part)) {
    if (out.contains("tool_calls"))
      return not_expressible(field, dialect, "it stands after a tool call");
    json::string& content = out["content"].get_string();
    // Parts are apart: run together, "see" and a number would be a word that nobody recognises.
    if (!content.empty()) content += "\n\n";
    content += text->text;
  } else if (const auto* image = std::get_if<ImagePart>(&part)) {
    if (!image->url.empty())
      return not_expressible(field, dialect, "it takes images as data, not by address");
    if (!image->detail.empty() && image->detail != "auto")
      return not_expressible(field + ".image_url.detail", dialect);
    if (!out.contains("images")) out["images"] = json::array{};
    out["images"].get_array().emplace_back(image->base64);
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    json::object arguments = TRY(arguments_object(*call, field));
    names[call->id] = call->name;
    if (!out.contains("tool_calls")) out["tool_calls"] = json::array{};
    out["tool_calls"].get_array().push_back(call_json(*call, std::move(arguments)));
  } else {
    const auto& thinking = std::get<ThinkingPart>(part);
    if (!thinking.redacted_data.empty()) {
      add_warning(warnings, "`" + field + "` was left out: only Anthropic can read it");
      return {};
    }
    if (!out.contains("thinking")) out["thinking"] = "";
    json::string& thoughts = out["thinking"].get_string();
    thoughts += thinking.text;
  }
  return {};
}

std::string_view role_text(ChatRole role) {
  switch (role) {
    case ChatRole::System:
      return "system";
    case ChatRole::User:
      return "user";
    case ChatRole::Assistant:
      return "assistant";
    case ChatRole::Tool:
      return "tool";
  }
  return "";
}

Result<json::object> message_json(const ChatMessage& message, ToolNames& names,
                                  std::vector<std::string>& warnings) {
  if (!message.name.empty()) return not_expressible(message.field + ".name", dialect);
  json::object out = {{"role", role_text(message.role)}, {"content", ""}};
  if (message.tool_failed) {
    out["content"] = "Error: ";
    add_warning(warnings, "`" + message.field + ".is_error` became the word \"Error:\"");
  }
  for (std::size_t i = 0; i < message.content.size(); ++i)
    TRY(add_part(message, i, names, out, warnings));
  if (message.role == ChatRole::Tool) {
    const auto name = names.find(message.tool_call_id);
    if (name == names.end())
      return invalid_field(message.field, "answers a tool call that is not in the conversation",
                           "Send the assistant's message with the call before it");
    out["tool_name"] = name->second;
    out["tool_call_id"] = message.tool_call_id;
  }
  return out;
}

Result<void> write_tools(const ChatCall& call, WrittenRequest& out) {
  const ToolChoiceMode mode = call.tool_choice.value_or(ToolChoice{}).mode;
  if (mode == ToolChoiceMode::Required || mode == ToolChoiceMode::Named)
    return not_expressible("tool_choice", dialect, "a call cannot be forced");
  if (call.tools.empty()) return {};
  if (!call.parallel_tools.value_or(true)) return not_expressible("parallel_tool_calls", dialect);
  if (mode == ToolChoiceMode::None) {
    // There is no such choice: a tool that is not offered is not called.
    add_warning(out.warnings, "`tools` were left out, as `tool_choice` forbids calls");
    return {};
  }
  json::array tools;
  for (std::size_t i = 0; i < call.tools.size(); ++i) {
    const ChatTool& tool = call.tools[i];
    if (tool.strict.value_or(false))
      return not_expressible(indexed("tools", i) + ".function.strict", dialect);
    json::object function = {{"name", tool.name}, {"description", tool.description}};
    function["parameters"] = tool.parameters.empty()
                                 ? json::object{{"type", "object"}, {"properties", json::object{}}}
                                 : tool.parameters;
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  out.body["tools"] = std::move(tools);
  return {};
}

Result<json::object> options_json(const ChatCall& call, const OllamaTarget& target) {
  if (target.context_tokens <= 0)
    return fail(ErrorCode::InvalidArgument,
                "the context of " + target.model + " is not known, and Ollama would cut prompts",
                "Configure the context of this upstream");
  if (call.tokens_max.value_or(0) >= target.context_tokens)
    return fail(ErrorCode::ContextOverflow,
                "an answer of " + std::to_string(*call.tokens_max) +
                    " tokens does not fit the context of " + std::to_string(target.context_tokens),
                "Ask for a shorter answer", "max_tokens");
  json::object options = {{"num_ctx", target.context_tokens}};
  if (call.tokens_max) options["num_predict"] = *call.tokens_max;
  if (call.temperature) options["temperature"] = *call.temperature;
  if (call.top_p) options["top_p"] = *call.top_p;
  if (call.top_k) options["top_k"] = std::max<std::int64_t>(*call.top_k, 0);  // 0: off
  if (call.presence_penalty) options["presence_penalty"] = *call.presence_penalty;
  if (call.frequency_penalty) options["frequency_penalty"] = *call.frequency_penalty;
  if (call.seed) options["seed"] = *call.seed;
  if (!call.stop.empty()) options["stop"] = json::value_from(call.stop);
  if (call.logit_bias) return not_expressible("logit_bias", dialect);
  return options;
}

Result<void> write_thinking(const ChatCall& call, WrittenRequest& out) {
  if (call.reasoning_effort) {
    const std::string& effort = *call.reasoning_effort;
    if (effort == "none")
      out.body["think"] = false;
    else if (effort == "low" || effort == "medium" || effort == "high")
      out.body["think"] = effort;
    else
      return not_expressible("reasoning_effort", dialect, "it knows none, low, medium and high");
    return {};
  }
  if (!call.thinking) return {};
  out.body["think"] = call.thinking->mode != ThinkingMode::Disabled;
  if (call.thinking->mode == ThinkingMode::Enabled)
    add_warning(out.warnings,
                "`thinking.budget_tokens` was left out: the upstream knows no budget");
  return {};
}

}  // namespace

Result<WrittenRequest> write_ollama(const ChatCall& call, const OllamaTarget& target) {
  WrittenRequest out;
  out.path = "/api/chat";
  out.body["model"] = target.model;
  TRY(refuse_choices(call, dialect));
  ToolNames names;
  json::array messages;
  for (const ChatMessage& message : call.messages)
    messages.push_back(TRY(message_json(message, names, out.warnings)));
  out.body["messages"] = std::move(messages);
  out.body["stream"] = call.stream;  // its default is true
  // Absent means true for both. Versions since October 2025 then refuse a prompt that does not fit
  // instead of cutting it, and end the answer instead of forgetting its beginning. Older ones pass
  // over the two; hence num_ctx. Source: ChatRequest in Ollama's api/types.go.
  out.body["truncate"] = false;
  out.body["shift"] = false;
  TRY(write_tools(call, out));
  if (call.format.kind == FormatKind::JsonObject) out.body["format"] = "json";
  if (call.format.kind == FormatKind::JsonSchema) out.body["format"] = call.format.schema;
  TRY(write_thinking(call, out));
  if (call.logprobs) out.body["logprobs"] = true;
  if (call.logprobs && call.top_logprobs) out.body["top_logprobs"] = *call.top_logprobs;
  if (!target.keep_alive.empty()) out.body["keep_alive"] = target.keep_alive;
  out.body["options"] = TRY(options_json(call, target));
  if (!call.user.empty() || call.metadata)
    add_warning(out.warnings, "`user` and `metadata` were left out: the upstream knows none");
  TRY(write_extras(call, dialect, false, out));
  if (wants_cache(call))
    add_warning(out.warnings, "`cache_control` was left out: the upstream does not know it");
  return out;
}

}  // namespace croft::dialects
