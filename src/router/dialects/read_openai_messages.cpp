#include "router/dialects/read_openai_messages.h"

#include "router/dialects/field_reader.h"

namespace croft::dialects {
namespace {

Result<ImagePart> read_image(FieldReader& part, std::vector<std::string>& warnings) {
  const json::object* value = TRY(part.object("image_url"));
  const std::string field = part.path("image_url");
  if (value == nullptr) return invalid_field(field, "is missing");
  FieldReader image(*value, field, warnings);
  const std::string url = TRY(image.required_text("url"));
  ImagePart out = TRY(read_image_url(url, image.path("url")));
  out.detail = TRY(image.text("detail")).value_or("");
  image.warn_unknown();
  return out;
}

/// Which parts a role may have.
bool may_hold_images(ChatRole role) {
  return role == ChatRole::User;
}

Result<void> read_part(const json::value& value, const std::string& field, ChatMessage& message,
                       std::vector<std::string>& warnings) {
  FieldReader part(*TRY(as_object(value, field)), field, warnings);
  const std::string type = TRY(part.required_text("type"));
  if (type == "text") {
    std::optional<std::string> text = TRY(part.text("text"));
    if (!text) return invalid_field(part.path("text"), "is missing");
    message.content.emplace_back(TextPart{*std::move(text)});
  } else if (type == "refusal" && message.role == ChatRole::Assistant) {
    std::optional<std::string> text = TRY(part.text("refusal"));
    if (!text) return invalid_field(part.path("refusal"), "is missing");
    message.refusal = true;
    message.content.emplace_back(TextPart{*std::move(text)});
  } else if (type == "image_url") {
    if (!may_hold_images(message.role))
      return invalid_field(part.path("type"), "is image_url, which belongs to role user");
    message.content.emplace_back(TRY(read_image(part, warnings)));
  } else if (type == "input_audio" || type == "file") {
    return unsupported_field(part.path("type"), "text and images are, " + type + " is not");
  } else {
    return invalid_field(part.path("type"), "is not a type that this role may have",
                         "text and image_url are known");
  }
  part.warn_unknown();
  return {};
}

/// `content`: a string or a list of parts.
Result<void> read_content(const json::value& content, const std::string& field,
                          ChatMessage& message, std::vector<std::string>& warnings) {
  if (const json::string* text = content.if_string()) {
    message.content.emplace_back(TextPart{std::string(std::string_view(*text))});
    return {};
  }
  const json::array* parts = content.if_array();
  if (parts == nullptr) return invalid_field(field, "must be a string or a list of parts");
  if (parts->empty()) return invalid_field(field, "must not be an empty list");
  if (parts->size() > parts_count_max)
    return invalid_field(field, "has more than " + std::to_string(parts_count_max) + " parts");
  for (std::size_t i = 0; i < parts->size(); ++i)
    TRY(read_part((*parts)[i], indexed(field, i), message, warnings));
  return {};
}

Result<ToolCall> read_call(const json::value& value, const std::string& field,
                           std::vector<std::string>& warnings) {
  FieldReader call(*TRY(as_object(value, field)), field, warnings);
  const std::string type = TRY(call.text("type")).value_or("function");
  if (type != "function")
    return unsupported_field(call.path("type"), "only calls of type function are");
  ToolCall out;
  out.id = TRY(call.required_text("id"));
  const json::object* named = TRY(call.object("function"));
  if (named == nullptr) return invalid_field(call.path("function"), "is missing");
  FieldReader function(*named, call.path("function"), warnings);
  out.name = TRY(function.required_text("name"));
  // Some clients send the object itself.
  const json::value* arguments = function.take("arguments");
  if (arguments != nullptr && arguments->is_object())
    out.arguments = json::serialize(*arguments);
  else
    out.arguments = TRY(function.text("arguments")).value_or("");
  call.take("index");  // clients send back what a stream gave them; the list's order says the same
  function.warn_unknown();
  call.warn_unknown();
  return out;
}

Result<void> read_assistant(FieldReader& reader, ChatMessage& message,
                            std::vector<std::string>& warnings) {
  for (const char* refused : {"audio", "function_call"})
    if (reader.take(refused) != nullptr)
      return unsupported_field(reader.path(refused), "it gave way to `tool_calls` and text",
                               "Leave it out");
  // vLLM, llama-server and DeepSeek name the model's thoughts so; `reasoning` is OpenRouter's,
  // which may send both.
  for (const char* name : {"reasoning_content", "reasoning"}) {
    std::optional<std::string> thoughts = TRY(reader.text(name));
    const bool known = !message.content.empty() && thoughts &&
                       std::get<ThinkingPart>(message.content.front()).text == *thoughts;
    if (thoughts && !thoughts->empty() && !known)
      message.content.emplace_back(ThinkingPart{*std::move(thoughts), {}, {}});
  }
  const json::value* content = reader.take("content");
  if (content != nullptr) TRY(read_content(*content, reader.path("content"), message, warnings));
  std::optional<std::string> refusal = TRY(reader.text("refusal"));
  if (refusal) {
    message.refusal = true;
    message.content.emplace_back(TextPart{*std::move(refusal)});
  }
  const json::array* calls = TRY(reader.list("tool_calls"));
  const bool has_calls = calls != nullptr && !calls->empty();
  if (content == nullptr && !refusal && !has_calls)
    return invalid_field(reader.path("content"), "is missing");
  for (std::size_t i = 0; has_calls && i < calls->size(); ++i)
    message.content.emplace_back(
        TRY(read_call((*calls)[i], indexed(reader.path("tool_calls"), i), warnings)));
  return {};
}

Result<ChatRole> read_role(FieldReader& reader) {
  const std::string role = TRY(reader.required_text("role"));
  if (role == "system" || role == "developer") return ChatRole::System;
  if (role == "user") return ChatRole::User;
  if (role == "assistant") return ChatRole::Assistant;
  if (role == "tool") return ChatRole::Tool;
  if (role == "function")
    return unsupported_field(reader.path("role"), "function gave way to tool");
  return invalid_field(reader.path("role"), "must be system, developer, user, assistant or tool");
}

Result<ChatMessage> read_message(const json::value& value, std::string field,
                                 std::vector<std::string>& warnings) {
  FieldReader reader(*TRY(as_object(value, field)), field, warnings);
  ChatMessage message;
  message.role = TRY(read_role(reader));
  message.field = std::move(field);
  message.name = TRY(reader.text("name")).value_or("");
  if (message.role == ChatRole::Assistant) {
    TRY(read_assistant(reader, message, warnings));
  } else {
    if (const json::value* calls = reader.take("tool_calls"); calls != nullptr)
      return invalid_field(reader.path("tool_calls"), "belongs to role assistant");
    const json::value* content = reader.take("content");
    if (content == nullptr) return invalid_field(reader.path("content"), "is missing");
    TRY(read_content(*content, reader.path("content"), message, warnings));
  }
  if (message.role == ChatRole::Tool)
    message.tool_call_id = TRY(reader.required_text("tool_call_id"));
  reader.warn_unknown();
  return message;
}

}  // namespace

Result<ImagePart> read_image_url(const std::string& url, const std::string& field) {
  ImagePart image;
  if (!url.starts_with("data:")) {
    if (!url.starts_with("https://") && !url.starts_with("http://"))
      return invalid_field(field, "must begin with https://, http:// or data:");
    image.url = url;
    return image;
  }
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view marker = ";base64,";
  const std::size_t at = url.substr(0, 256).find(marker);
  if (at == std::string::npos || at == scheme.size())
    return invalid_field(field, "must be of the form data:image/png;base64,...");
  image.media_type = url.substr(scheme.size(), at - scheme.size());
  image.base64 = url.substr(at + marker.size());
  if (image.base64.empty()) return invalid_field(field, "holds no image");
  return image;
}

Result<std::vector<ChatMessage>> read_openai_messages(const json::array& messages,
                                                      std::vector<std::string>& warnings) {
  if (messages.size() > messages_count_max)
    return invalid_field("messages",
                         "has more than " + std::to_string(messages_count_max) + " entries");
  std::vector<ChatMessage> out;
  out.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i)
    out.push_back(TRY(read_message(messages[i], indexed("messages", i), warnings)));
  return out;
}

}  // namespace croft::dialects
