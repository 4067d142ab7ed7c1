#include <utility>

#include "base/limits.h"
#include "router/dialects/write_parts.h"
#include "router/dialects/write_request.h"

namespace croft::dialects {
namespace {

constexpr Dialect dialect = Dialect::OpenAi;

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

json::object image_json(const ImagePart& image) {
  json::object url;
  url["url"] =
      image.url.empty() ? "data:" + image.media_type + ";base64," + image.base64 : image.url;
  if (!image.detail.empty()) url["detail"] = image.detail;
  return {{"type", "image_url"}, {"image_url", std::move(url)}};
}

json::object call_json(const ToolCall& call) {
  // The text stays as the model wrote it, also where it is no JSON; only nothing becomes "{}".
  const std::string& arguments = call.arguments.empty() ? "{}" : call.arguments;
  return {{"id", call.id},
          {"type", "function"},
          {"function", json::object{{"name", call.name}, {"arguments", arguments}}}};
}

/// One part alone is a string: many servers know nothing else.
json::value content_json(json::array parts) {
  if (parts.size() == 1 && parts.front().at("type") == "text") return parts.front().at("text");
  return parts;
}

/// What one message's parts become.
struct MessageParts {
  json::array content;
  json::array calls;
  std::string thoughts;
};

Result<void> add_part(const ChatMessage& message, std::size_t index, MessageParts& parts) {
  const ContentPart& part = message.content[index];
  const bool shown =
      std::holds_alternative<TextPart>(part) || std::holds_alternative<ImagePart>(part);
  if (shown && !parts.calls.empty())
    return not_expressible(part_field(message, index), dialect, "it stands after a tool call");
  if (const auto* text = std::get_if<TextPart>(&part)) {
    parts.content.push_back({{"type", "text"}, {"text", text->text}});
  } else if (const auto* image = std::get_if<ImagePart>(&part)) {
    if (message.role != ChatRole::User)
      return not_expressible(part_field(message, index), dialect, "only user messages hold images");
    parts.content.push_back(image_json(*image));
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    parts.calls.push_back(call_json(*call));
  } else {
    parts.thoughts += std::get<ThinkingPart>(part).text;
  }
  return {};
}

void write_thoughts(const std::string& thoughts, const ChatMessage& message,
                    const OpenAiTarget& target, json::object& out,
                    std::vector<std::string>& warnings) {
  if (thoughts.empty()) return;
  if (target.thoughts_field.empty())
    add_warning(warnings, "thoughts in `" + message.field +
                              "` were left out: the upstream takes none from earlier turns");
  else
    out[target.thoughts_field] = thoughts;
}

Result<json::object> message_json(const ChatMessage& message, const OpenAiTarget& target,
                                  std::vector<std::string>& warnings) {
  MessageParts parts;
  for (std::size_t i = 0; i < message.content.size(); ++i) TRY(add_part(message, i, parts));
  json::object out;
  out["role"] = role_text(message.role);
  if (!message.name.empty()) out["name"] = message.name;
  write_thoughts(parts.thoughts, message, target, out, warnings);
  if (message.tool_failed) {
    // The dialect has no mark for it, and the model must know.
    const std::string text = "Error: " + TRY(joined_text(message, dialect));
    parts.content = json::array{json::object{{"type", "text"}, {"text", text}}};
    add_warning(warnings, "`" + message.field + ".is_error` became the word \"Error:\"");
  }
  if (message.refusal) {
    out["content"] = nullptr;
    out["refusal"] = TRY(joined_text(message, dialect));
  } else if (parts.content.empty()) {
    out["content"] = message.role == ChatRole::Assistant && !parts.calls.empty()
                         ? json::value(nullptr)
                         : json::value("");
  } else {
    out["content"] = content_json(std::move(parts.content));
  }
  if (!parts.calls.empty()) out["tool_calls"] = std::move(parts.calls);
  if (message.role == ChatRole::Tool) out["tool_call_id"] = message.tool_call_id;
  return out;
}

void write_tools(const ChatCall& call, json::object& body) {
  if (!call.tools.empty()) {
    json::array tools;
    for (const ChatTool& tool : call.tools) {
      json::object function;
      function["name"] = tool.name;
      if (!tool.description.empty()) function["description"] = tool.description;
      if (!tool.parameters.empty()) function["parameters"] = tool.parameters;
      if (tool.strict) function["strict"] = *tool.strict;
      tools.push_back({{"type", "function"}, {"function", std::move(function)}});
    }
    body["tools"] = std::move(tools);
  }
  if (call.tool_choice) {
    const ToolChoice& choice = *call.tool_choice;
    if (choice.mode == ToolChoiceMode::Named)
      body["tool_choice"] = {{"type", "function"}, {"function", {{"name", choice.name}}}};
    else
      body["tool_choice"] = choice.mode == ToolChoiceMode::Auto   ? "auto"
                            : choice.mode == ToolChoiceMode::None ? "none"
                                                                  : "required";
  }
  if (call.parallel_tools) body["parallel_tool_calls"] = *call.parallel_tools;
}

void write_format(const ResponseFormat& format, json::object& body) {
  if (format.kind == FormatKind::JsonObject) {
    body["response_format"] = {{"type", "json_object"}};
  } else if (format.kind == FormatKind::JsonSchema) {
    json::object schema;
    schema["name"] = format.name.empty() ? "answer" : format.name;
    if (!format.description.empty()) schema["description"] = format.description;
    schema["schema"] = format.schema;
    if (format.strict) schema["strict"] = *format.strict;
    body["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
  }
}

Result<void> write_sampling(const ChatCall& call, const OpenAiTarget& target, json::object& body) {
  if (call.tokens_max)
    body[target.tokens_field == TokensField::MaxTokens ? "max_tokens" : "max_completion_tokens"] =
        *call.tokens_max;
  if (call.temperature) body["temperature"] = *call.temperature;
  if (call.top_p) body["top_p"] = *call.top_p;
  if (call.top_k && !target.engine_extras) return not_expressible("top_k", dialect);
  if (call.top_k) body["top_k"] = *call.top_k;
  if (call.presence_penalty) body["presence_penalty"] = *call.presence_penalty;
  if (call.frequency_penalty) body["frequency_penalty"] = *call.frequency_penalty;
  if (call.seed) body["seed"] = *call.seed;
  if (call.stop.size() > limits::stop_strings_max)
    return not_expressible("stop_sequences", dialect,
                           "it takes at most " + std::to_string(limits::stop_strings_max));
  if (!call.stop.empty()) body["stop"] = json::value_from(call.stop);
  if (call.logit_bias) body["logit_bias"] = *call.logit_bias;
  if (call.logprobs) body["logprobs"] = true;
  if (call.logprobs && call.top_logprobs) body["top_logprobs"] = *call.top_logprobs;
  return {};
}

/// Anthropic's budget of thoughts in OpenAI's three words. The bounds are ours: a quarter and a
/// half of the 32,768 tokens up to which Anthropic advises to go.
std::string_view effort_of(const ThinkingConfig& thinking) {
  constexpr std::int64_t low_max = 8192;
  constexpr std::int64_t medium_max = 16'384;
  if (thinking.mode == ThinkingMode::Adaptive) return "medium";
  return thinking.budget_tokens <= low_max      ? "low"
         : thinking.budget_tokens <= medium_max ? "medium"
                                                : "high";
}

void write_reasoning(const ChatCall& call, WrittenRequest& out) {
  if (call.reasoning_effort) {
    out.body["reasoning_effort"] = *call.reasoning_effort;
    return;
  }
  // Disabled asks for nothing where no effort is asked.
  if (!call.thinking || call.thinking->mode == ThinkingMode::Disabled) return;
  const std::string_view effort = effort_of(*call.thinking);
  out.body["reasoning_effort"] = effort;
  add_warning(out.warnings, "`thinking` became reasoning_effort " + std::string(effort));
}

}  // namespace

Result<WrittenRequest> write_openai(const ChatCall& call, const OpenAiTarget& target) {
  WrittenRequest out;
  out.path = "/v1/chat/completions";
  out.body["model"] = target.model;
  TRY(refuse_choices(call, dialect));
  json::array messages;
  messages.reserve(call.messages.size());
  for (const ChatMessage& message : call.messages)
    messages.push_back(TRY(message_json(message, target, out.warnings)));
  out.body["messages"] = std::move(messages);
  write_tools(call, out.body);
  write_format(call.format, out.body);
  TRY(write_sampling(call, target, out.body));
  write_reasoning(call, out);
  if (call.stream) {
    out.body["stream"] = true;
    // Always: what an answer cost must be known, whether the client asked or not.
    out.body["stream_options"] = {{"include_usage", true}};
  }
  if (!call.user.empty()) out.body["user"] = call.user;
  if (call.metadata) out.body["metadata"] = *call.metadata;
  TRY(write_extras(call, dialect, target.engine_extras, out));
  if (wants_cache(call))
    add_warning(out.warnings, "`cache_control` was left out: the upstream does not know it");
  return out;
}

}  // namespace croft::dialects
