#include "router/dialects/read_anthropic_messages.h"

#include "router/dialects/read_openai_messages.h"

namespace croft::dialects {
namespace {

using Warnings = std::vector<std::string>;

Result<TextPart> read_text(FieldReader& block, Warnings& warnings) {
  std::optional<std::string> text = TRY(block.text("text"));
  if (!text) return invalid_field(block.path("text"), "is missing");
  const json::array* citations = TRY(block.list("citations"));
  if (citations != nullptr && !citations->empty())
    return unsupported_field(block.path("citations"), "they cannot be carried over",
                             "Leave them out");
  return TextPart{*std::move(text), TRY(read_cache_control(block, warnings))};
}

Result<ImagePart> read_image(FieldReader& block, Warnings& warnings) {
  const json::object* value = TRY(block.object("source"));
  const std::string field = block.path("source");
  if (value == nullptr) return invalid_field(field, "is missing");
  FieldReader source(*value, field, warnings);
  const std::string type = TRY(source.required_text("type"));
  ImagePart image;
  if (type == "base64") {
    image.media_type = TRY(source.required_text("media_type"));
    image.base64 = TRY(source.required_text("data"));
  } else if (type == "url") {
    const std::string url = TRY(source.required_text("url"));
    image = TRY(read_image_url(url, source.path("url")));
  } else {
    return unsupported_field(source.path("type"), "base64 and url are known");
  }
  source.warn_unknown();
  image.cache = TRY(read_cache_control(block, warnings));
  return image;
}

Result<ToolCall> read_tool_use(FieldReader& block, Warnings& warnings) {
  ToolCall call;
  call.id = TRY(block.required_text("id"));
  call.name = TRY(block.required_text("name"));
  const json::object* input = TRY(block.object("input"));
  if (input == nullptr) return invalid_field(block.path("input"), "is missing");
  call.arguments = json::serialize(*input);
  call.cache = TRY(read_cache_control(block, warnings));
  return call;
}

Result<ThinkingPart> read_thinking(FieldReader& block, std::string_view type) {
  ThinkingPart part;
  if (type == "redacted_thinking") {
    part.redacted_data = TRY(block.required_text("data"));
    return part;
  }
  part.text = TRY(block.text("thinking")).value_or("");
  part.signature = TRY(block.text("signature")).value_or("");
  return part;
}

Result<void> read_block_of(std::string_view type, FieldReader& block, ChatMessage& message,
                           Warnings& warnings) {
  const bool assistant = message.role == ChatRole::Assistant;
  const bool may_show = message.role == ChatRole::User || message.role == ChatRole::Tool;
  if (type == "text") {
    message.content.emplace_back(TRY(read_text(block, warnings)));
  } else if (type == "image" && may_show) {
    message.content.emplace_back(TRY(read_image(block, warnings)));
  } else if (type == "tool_use" && assistant) {
    message.content.emplace_back(TRY(read_tool_use(block, warnings)));
  } else if ((type == "thinking" || type == "redacted_thinking") && assistant) {
    message.content.emplace_back(TRY(read_thinking(block, type)));
  } else if (type == "image" || type == "tool_use" || type == "tool_result" || type == "thinking" ||
             type == "redacted_thinking") {
    return invalid_field(block.path("type"),
                         "is " + std::string(type) + ", which does not belong here");
  } else {
    return unsupported_field(block.path("type"),
                             "text, image, tool_use, tool_result and thinking blocks are known");
  }
  block.warn_unknown();
  return {};
}

Result<void> read_block(const json::value& value, const std::string& field, ChatMessage& message,
                        Warnings& warnings) {
  FieldReader block(*TRY(as_object(value, field)), field, warnings);
  const Result<std::string> type = block.required_text("type");
  if (!type) return std::unexpected(type.error());
  return read_block_of(*type, block, message, warnings);
}

/// `content`: a string or a list of blocks.
Result<void> read_content(const json::value& content, const std::string& field,
                          ChatMessage& message, Warnings& warnings) {
  if (const json::string* text = content.if_string()) {
    message.content.emplace_back(TextPart{std::string(std::string_view(*text))});
    return {};
  }
  const json::array* blocks = content.if_array();
  if (blocks == nullptr) return invalid_field(field, "must be a string or a list of blocks");
  if (blocks->size() > parts_count_max)
    return invalid_field(field, "has more than " + std::to_string(parts_count_max) + " blocks");
  for (std::size_t i = 0; i < blocks->size(); ++i)
    TRY(read_block((*blocks)[i], indexed(field, i), message, warnings));
  return {};
}

Result<ChatMessage> read_tool_result(const json::value& value, std::string field,
                                     Warnings& warnings) {
  FieldReader block(*TRY(as_object(value, field)), field, warnings);
  block.take("type");
  ChatMessage message;
  message.role = ChatRole::Tool;
  message.tool_call_id = TRY(block.required_text("tool_use_id"));
  message.tool_failed = TRY(block.flag("is_error")).value_or(false);
  message.cache = TRY(read_cache_control(block, warnings));
  const json::value* content = block.take("content");
  if (content != nullptr) TRY(read_content(*content, block.path("content"), message, warnings));
  if (message.content.empty()) message.content.emplace_back(TextPart{});
  block.warn_unknown();
  message.field = std::move(field);
  return message;
}

bool is_tool_result(const json::value& block) {
  return find_string(block, "type") == "tool_result";
}

/// A user message whose content is a list: its results first, each a message, then the rest.
Result<void> read_user_blocks(const json::array& blocks, const std::string& field,
                              Warnings& warnings, std::vector<ChatMessage>& out) {
  ChatMessage rest;
  rest.role = ChatRole::User;
  rest.field = field;
  if (blocks.size() > parts_count_max)
    return invalid_field(field + ".content",
                         "has more than " + std::to_string(parts_count_max) + " blocks");
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::string where = indexed(field + ".content", i);
    if (!is_tool_result(blocks[i])) {
      TRY(read_block(blocks[i], where, rest, warnings));
    } else if (!rest.content.empty()) {
      return invalid_field(where, "is a tool_result after other blocks",
                           "Put the tool_result blocks first");
    } else {
      out.push_back(TRY(read_tool_result(blocks[i], std::move(where), warnings)));
    }
  }
  if (!rest.content.empty()) out.push_back(std::move(rest));
  return {};
}

Result<ChatRole> read_role(FieldReader& reader) {
  const std::string role = TRY(reader.required_text("role"));
  if (role == "user") return ChatRole::User;
  if (role == "assistant") return ChatRole::Assistant;
  if (role == "system") return ChatRole::System;  // newer models take it between others
  return invalid_field(reader.path("role"), "must be user, assistant or system");
}

Result<void> read_message(const json::value& value, const std::string& field, Warnings& warnings,
                          std::vector<ChatMessage>& out) {
  FieldReader reader(*TRY(as_object(value, field)), field, warnings);
  ChatMessage message;
  message.role = TRY(read_role(reader));
  message.field = field;
  const json::value* content = reader.take("content");
  if (content == nullptr) return invalid_field(reader.path("content"), "is missing");
  reader.warn_unknown();
  const json::array* blocks = content->if_array();
  if (blocks != nullptr && blocks->empty())
    return invalid_field(reader.path("content"), "must not be an empty list");
  if (blocks != nullptr && message.role == ChatRole::User)
    return read_user_blocks(*blocks, field, warnings, out);
  TRY(read_content(*content, reader.path("content"), message, warnings));
  out.push_back(std::move(message));
  return {};
}

}  // namespace

Result<std::optional<CacheControl>> read_cache_control(FieldReader& reader, Warnings& warnings) {
  const json::object* value = TRY(reader.object("cache_control"));
  if (value == nullptr) return std::nullopt;
  FieldReader control(*value, reader.path("cache_control"), warnings);
  const std::string type = TRY(control.required_text("type"));
  if (type != "ephemeral") return invalid_field(control.path("type"), "must be ephemeral");
  CacheControl out;
  out.ttl = TRY(control.text("ttl")).value_or("");
  if (!out.ttl.empty() && out.ttl != "5m" && out.ttl != "1h")
    return invalid_field(control.path("ttl"), "must be 5m or 1h");
  control.warn_unknown();
  return out;
}

Result<ChatMessage> read_anthropic_system(const json::value& system, Warnings& warnings) {
  ChatMessage message;
  message.role = ChatRole::System;
  message.field = "system";
  TRY(read_content(system, "system", message, warnings));
  return message;
}

Result<std::vector<ChatMessage>> read_anthropic_list(const json::array& messages,
                                                     Warnings& warnings) {
  if (messages.size() > messages_count_max)
    return invalid_field("messages",
                         "has more than " + std::to_string(messages_count_max) + " entries");
  std::vector<ChatMessage> out;
  for (std::size_t i = 0; i < messages.size(); ++i)
    TRY(read_message(messages[i], indexed("messages", i), warnings, out));
  return out;
}

}  // namespace croft::dialects
