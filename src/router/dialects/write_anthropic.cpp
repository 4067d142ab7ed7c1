#include <algorithm>
#include <utility>

#include "router/dialects/write_parts.h"
#include "router/dialects/write_request.h"

namespace croft::dialects {
namespace {

constexpr Dialect dialect = Dialect::Anthropic;

void write_cache(const std::optional<CacheControl>& cache, json::object& out) {
  if (!cache) return;
  json::object control = {{"type", "ephemeral"}};
  if (!cache->ttl.empty()) control["ttl"] = cache->ttl;
  out["cache_control"] = std::move(control);
}

/// Anthropic takes [a-zA-Z0-9_-] only; others write "functions.look:0". Two ids that differ stay
/// different but for who writes our marks by hand.
std::string safe_id(const std::string& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '_';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

json::object text_json(const TextPart& part) {
  json::object out = {{"type", "text"}, {"text", part.text}};
  write_cache(part.cache, out);
  return out;
}

json::object image_json(const ImagePart& part) {
  json::object source;
  if (part.url.empty())
    source = {{"type", "base64"}, {"media_type", part.media_type}, {"data", part.base64}};
  else
    source = {{"type", "url"}, {"url", part.url}};
  json::object out = {{"type", "image"}, {"source", std::move(source)}};
  write_cache(part.cache, out);
  return out;
}

class Writer {
 public:
  Writer(const ChatCall& call, const AnthropicTarget& target) : call_(call), target_(target) {}

  Result<WrittenRequest> write();

 private:
  Result<void> add_part(const ChatMessage& message, std::size_t index, json::array& blocks);
  Result<json::array> blocks(const ChatMessage& message);
  Result<void> add_message(const ChatMessage& message);
  Result<void> write_messages();
  Result<void> write_tokens();
  Result<void> write_tools();
  Result<void> write_sampling();
  Result<void> write_output();
  void write_thinking();
  void warn(std::string sentence) { add_warning(out_.warnings, std::move(sentence)); }

  const ChatCall& call_;
  const AnthropicTarget& target_;
  WrittenRequest out_;
  json::array system_;
  json::array messages_;
};

Result<void> Writer::add_part(const ChatMessage& message, std::size_t index, json::array& blocks) {
  const ContentPart& part = message.content[index];
  if (const auto* text = std::get_if<TextPart>(&part)) {
    // Anthropic refuses empty text blocks; they say nothing.
    if (!text->text.empty()) blocks.push_back(text_json(*text));
  } else if (const auto* image = std::get_if<ImagePart>(&part)) {
    if (!image->detail.empty() && image->detail != "auto")
      return not_expressible(part_field(message, index) + ".image_url.detail", dialect);
    blocks.push_back(image_json(*image));
  } else if (const auto* call = std::get_if<ToolCall>(&part)) {
    json::object block = {{"type", "tool_use"}, {"id", safe_id(call->id)}, {"name", call->name}};
    block["input"] = TRY(arguments_object(*call, part_field(message, index)));
    write_cache(call->cache, block);
    blocks.push_back(std::move(block));
  } else {
    const auto& thinking = std::get<ThinkingPart>(part);
    if (!thinking.redacted_data.empty())
      blocks.push_back({{"type", "redacted_thinking"}, {"data", thinking.redacted_data}});
    else if (!thinking.signature.empty())
      blocks.push_back(
          {{"type", "thinking"}, {"thinking", thinking.text}, {"signature", thinking.signature}});
    else
      warn("thoughts in `" + message.field + "` were left out: they bear no signature");
  }
  return {};
}

Result<json::array> Writer::blocks(const ChatMessage& message) {
  json::array out;
  for (std::size_t i = 0; i < message.content.size(); ++i) TRY(add_part(message, i, out));
  return out;
}

/// Neighbours of one role become one message: Anthropic wants user and assistant in turns, and a
/// tool's result is a user's block.
Result<void> Writer::add_message(const ChatMessage& message) {
  if (!message.name.empty()) return not_expressible(message.field + ".name", dialect);
  json::array content = TRY(blocks(message));
  if (message.role == ChatRole::Tool) {
    json::object result = {{"type", "tool_result"}, {"tool_use_id", safe_id(message.tool_call_id)}};
    if (!content.empty()) result["content"] = std::move(content);
    if (message.tool_failed) result["is_error"] = true;
    write_cache(message.cache, result);
    content = json::array{std::move(result)};
  }
  if (content.empty())
    return not_expressible(message.field + ".content", dialect, "a message must not be empty");
  const std::string_view role = message.role == ChatRole::Assistant ? "assistant"
                                : message.role == ChatRole::System  ? "system"
                                                                    : "user";
  if (messages_.empty() && role != "user")
    return not_expressible(message.field + ".role", dialect, "the first message must be a user's");
  if (!messages_.empty() && find_string(messages_.back(), "role") == role) {
    json::array& earlier = messages_.back().get_object()["content"].get_array();
    for (json::value& block : content) earlier.push_back(std::move(block));
    return {};
  }
  messages_.push_back({{"role", role}, {"content", std::move(content)}});
  return {};
}

Result<void> Writer::write_messages() {
  for (const ChatMessage& message : call_.messages) {
    if (message.role != ChatRole::System || !messages_.empty()) {
      if (message.role == ChatRole::System && !target_.system_anywhere)
        return not_expressible(message.field + ".role", dialect,
                               "a system message must come before all others");
      TRY(add_message(message));
      continue;
    }
    if (!message.name.empty()) return not_expressible(message.field + ".name", dialect);
    json::array leading = TRY(blocks(message));
    for (json::value& block : leading) system_.push_back(std::move(block));
  }
  if (messages_.empty())
    return not_expressible("messages", dialect, "it needs a message of role user");
  if (!system_.empty()) out_.body["system"] = std::move(system_);
  out_.body["messages"] = std::move(messages_);
  return {};
}

Result<void> Writer::write_tokens() {
  if (!call_.tokens_max && target_.tokens_max <= 0)
    return fail(ErrorCode::InvalidArgument, "`max_tokens` is missing and the upstream needs it",
                "Send max_tokens, or configure the longest answer of " + target_.model,
                "max_tokens");
  const std::int64_t wanted = call_.tokens_max.value_or(target_.tokens_max);
  if (target_.tokens_max > 0 && wanted > target_.tokens_max)
    return not_expressible(
        "max_tokens", dialect,
        target_.model + " gives at most " + std::to_string(target_.tokens_max) + " tokens");
  out_.body["max_tokens"] = wanted;
  return {};
}

Result<void> Writer::write_tools() {
  json::array tools;
  for (const ChatTool& tool : call_.tools) {
    json::object out = {{"name", tool.name}};
    if (!tool.description.empty()) out["description"] = tool.description;
    out["input_schema"] = tool.parameters.empty()
                              ? json::object{{"type", "object"}, {"properties", json::object{}}}
                              : tool.parameters;
    if (tool.strict) out["strict"] = *tool.strict;
    write_cache(tool.cache, out);
    tools.push_back(std::move(out));
  }
  const bool single = !call_.parallel_tools.value_or(true);
  if (!tools.empty()) out_.body["tools"] = std::move(tools);
  if (call_.tools.empty() || (!call_.tool_choice && !single)) return {};
  const ToolChoice choice = call_.tool_choice.value_or(ToolChoice{});
  json::object out;
  switch (choice.mode) {
    case ToolChoiceMode::Auto:
      out["type"] = "auto";
      break;
    case ToolChoiceMode::None:
      out["type"] = "none";
      break;
    case ToolChoiceMode::Required:
      out["type"] = "any";
      break;
    case ToolChoiceMode::Named:
      out["type"] = "tool";
      out["name"] = choice.name;
      break;
  }
  if (single && choice.mode != ToolChoiceMode::None) out["disable_parallel_tool_use"] = true;
  out_.body["tool_choice"] = std::move(out);
  return {};
}

Result<void> Writer::write_sampling() {
  const auto refuse = [](std::string_view field) { return not_expressible(field, dialect); };
  if (call_.presence_penalty.value_or(0) != 0) return refuse("presence_penalty");
  if (call_.frequency_penalty.value_or(0) != 0) return refuse("frequency_penalty");
  if (call_.seed) return refuse("seed");
  if (call_.logit_bias) return refuse("logit_bias");
  if (call_.logprobs) return refuse("logprobs");
  if (call_.temperature.value_or(0) > 1)
    return not_expressible("temperature", dialect, "it goes up to 1 there");
  if (call_.temperature) out_.body["temperature"] = *call_.temperature;
  if (call_.top_p) out_.body["top_p"] = *call_.top_p;
  if (call_.top_k.value_or(0) > 0) out_.body["top_k"] = *call_.top_k;  // 0 and -1: off
  const auto blank = [](const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
  };
  if (std::ranges::any_of(call_.stop, blank))
    return not_expressible("stop", dialect, "an entry must hold more than white space");
  if (!call_.stop.empty()) out_.body["stop_sequences"] = json::value_from(call_.stop);
  return {};
}

void Writer::write_thinking() {
  if (!call_.thinking) {
    // OpenAI's "none": the field that switches thoughts off is another one here.
    if (call_.reasoning_effort == "none") out_.body["thinking"] = {{"type", "disabled"}};
    return;
  }
  const ThinkingConfig& thinking = *call_.thinking;
  json::object out;
  switch (thinking.mode) {
    case ThinkingMode::Disabled:
      out["type"] = "disabled";
      break;
    case ThinkingMode::Enabled:
      out["type"] = "enabled";
      out["budget_tokens"] = thinking.budget_tokens;
      break;
    case ThinkingMode::Adaptive:
      out["type"] = "adaptive";
      break;
  }
  if (!thinking.display.empty()) out["display"] = thinking.display;
  out_.body["thinking"] = std::move(out);
}

Result<void> Writer::write_output() {
  json::object config;
  if (call_.reasoning_effort && *call_.reasoning_effort != "none") {
    if (*call_.reasoning_effort == "minimal") return not_expressible("reasoning_effort", dialect);
    config["effort"] = *call_.reasoning_effort;
  }
  if (call_.format.kind == FormatKind::JsonObject)
    return not_expressible("response_format", dialect, "it knows json_schema only");
  if (call_.format.kind == FormatKind::JsonSchema)
    config["format"] = {{"type", "json_schema"}, {"schema", call_.format.schema}};
  if (!config.empty()) out_.body["output_config"] = std::move(config);
  return {};
}

Result<WrittenRequest> Writer::write() {
  out_.path = "/v1/messages";
  out_.body["model"] = target_.model;
  TRY(refuse_choices(call_, dialect));
  TRY(write_tokens());
  TRY(write_messages());
  TRY(write_tools());
  TRY(write_sampling());
  TRY(write_output());
  write_thinking();
  if (call_.stream) out_.body["stream"] = true;
  if (!call_.user.empty()) out_.body["metadata"] = {{"user_id", call_.user}};
  if (call_.metadata) warn("`metadata` was left out: the upstream does not know it");
  write_cache(call_.cache, out_.body);
  TRY(write_extras(call_, dialect, false, out_));
  return std::move(out_);
}

}  // namespace

Result<WrittenRequest> write_anthropic(const ChatCall& call, const AnthropicTarget& target) {
  return Writer(call, target).write();
}

}  // namespace croft::dialects
