#include "server/api/messages.h"

#include <algorithm>
#include <array>

#include "server/api/fields.h"

namespace croft {
namespace {

constexpr std::size_t messages_max = 100'000;  // a body of 32 MiB could hold a million empty ones

std::unexpected<Error> invalid(const std::string& field, const std::string& complaint,
                               std::string hint = {}) {
  return fail(ErrorCode::InvalidArgument, "`" + field + "` " + complaint, std::move(hint), field);
}

std::string indexed(const std::string& name, std::size_t index) {
  return name + "[" + std::to_string(index) + "]";
}

Result<json::string> read_part(const json::value& part, const std::string& field) {
  const json::object* object = part.if_object();
  if (object == nullptr) return invalid(field, "must be an object with a `type`");
  const auto type = find_string(part, "type");
  if (!type) return invalid(field + ".type", "must be a string");
  if (*type != "text")
    return fail(ErrorCode::Unsupported, "`" + field + "` is not text", "This model reads text only",
                field);
  const json::value* text = find(*object, "text");
  if (text == nullptr || !text->is_string()) return invalid(field + ".text", "must be a string");
  return text->get_string();
}

/// A string, or the texts of the parts, one after the other.
Result<json::string> read_content(const json::value& content, const std::string& field) {
  if (content.is_string()) return content.get_string();
  const json::array* parts = content.if_array();
  if (parts == nullptr) return invalid(field, "must be a string or a list of parts");
  if (parts->empty()) return invalid(field, "must not be an empty list");
  json::string joined;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const json::string text = TRY(read_part((*parts)[i], indexed(field, i)));
    joined += text;
  }
  return joined;
}

Result<json::object> read_tool_call(const json::value& call, const std::string& field) {
  const json::object* object = call.if_object();
  if (object == nullptr) return invalid(field, "must be an object");
  if (const json::value* type = find(*object, "type"); type != nullptr && *type != "function")
    return invalid(field + ".type", "must be \"function\"");
  const json::value* function = find(*object, "function");
  if (function == nullptr || !function->is_object())
    return invalid(field + ".function", "must be an object");
  const auto name = find_string(*function, "name");
  if (!name) return invalid(field + ".function.name", "must be a string");
  json::value arguments = json::object{};
  if (const json::value* given = find(*function, "arguments"); given != nullptr) {
    if (given->is_string()) {
      const std::string_view text = given->get_string();
      Result<json::value> parsed = parse_json(text.empty() ? "{}" : text, "arguments");
      if (!parsed || !parsed->is_object())
        return invalid(field + ".function.arguments", "must be a JSON object written as a string");
      arguments = *std::move(parsed);
    } else if (given->is_object()) {
      arguments = *given;
    } else {
      return invalid(field + ".function.arguments", "must be a string");
    }
  }
  json::object out;
  if (const auto id = find_string(call, "id")) out["id"] = *id;
  out["type"] = "function";
  out["function"] = json::object{{"name", *name}, {"arguments", std::move(arguments)}};
  return out;
}

Result<json::array> read_tool_calls(const json::value& calls, const std::string& field) {
  const json::array* list = calls.if_array();
  if (list == nullptr) return invalid(field, "must be a list");
  json::array out;
  for (std::size_t i = 0; i < list->size(); ++i)
    out.push_back(TRY(read_tool_call((*list)[i], indexed(field, i))));
  return out;
}

/// Copies a string member that templates may read.
Result<void> copy_string(const json::object& from, std::string_view name, const std::string& field,
                         json::object& to) {
  const json::value* value = find(from, name);
  if (value == nullptr) return {};
  if (!value->is_string()) return invalid(field + "." + std::string(name), "must be a string");
  to[name] = *value;
  return {};
}

void warn_unknown(const json::object& message, const std::string& field,
                  std::vector<std::string>& warnings) {
  constexpr std::array known = {"role",       "content",       "name",
                                "tool_calls", "tool_call_id",  "reasoning_content",
                                "audio",      "function_call", "refusal"};
  constexpr std::size_t warnings_max = 16;
  for (const auto& member : message) {
    const bool is_known =
        std::ranges::any_of(known, [&](const char* name) { return member.key() == name; });
    if (!is_known && warnings.size() < warnings_max)
      warnings.push_back("an unknown member of `" + field + "` was ignored");
  }
}

Result<json::object> read_message(const json::value& value, const std::string& field,
                                  std::vector<std::string>& warnings) {
  const json::object* message = value.if_object();
  if (message == nullptr) return invalid(field, "must be an object");
  const auto role = find_string(value, "role");
  constexpr std::array roles = {"system", "developer", "user", "assistant", "tool"};
  if (!role || std::ranges::none_of(roles, [&](const char* r) { return *role == r; }))
    return invalid(field + ".role", "must be system, developer, user, assistant or tool");
  for (const char* refused : {"audio", "function_call"})
    if (find(*message, refused) != nullptr)
      return fail(ErrorCode::Unsupported, "`" + field + "." + refused + "` is not supported",
                  "Leave it out", field + "." + refused);

  json::object out;
  out["role"] = *role == "developer" ? std::string_view("system") : *role;
  const json::value* content = find(*message, "content");
  const json::value* calls = find(*message, "tool_calls");
  if (calls != nullptr && *role != "assistant")
    return invalid(field + ".tool_calls", "belongs to role assistant");
  if (content != nullptr)
    out["content"] = TRY(read_content(*content, field + ".content"));
  else if (*role == "assistant" && calls != nullptr)
    out["content"] = "";  // templates concatenate it; null would print "None"
  else
    return invalid(field + ".content", "is missing");
  if (calls != nullptr) {
    json::array list = TRY(read_tool_calls(*calls, field + ".tool_calls"));
    if (!list.empty()) out["tool_calls"] = std::move(list);
  }
  for (const char* name : {"name", "tool_call_id", "reasoning_content"})
    if (Result<void> copied = copy_string(*message, name, field, out); !copied)
      return std::unexpected(copied.error());
  warn_unknown(*message, field, warnings);
  return out;
}

/// Adds the template's thinking switch. Errors: where the template has none.
Result<void> apply_reasoning_effort(const json::object& body, std::string_view template_source,
                                    json::object& context) {
  const json::value* effort = find(body, "reasoning_effort");
  if (effort == nullptr) return {};
  constexpr std::array levels = {"none", "minimal", "low", "medium", "high", "xhigh"};
  const std::string_view level = effort->get_string();
  if (std::ranges::none_of(levels, [&](const char* known) { return level == known; }))
    return invalid("reasoning_effort", "must be none, minimal, low, medium, high or xhigh");
  const bool has_switch = template_source.find("enable_thinking") != std::string_view::npos;
  if (!has_switch)
    return fail(ErrorCode::Unsupported,
                "`reasoning_effort` is not supported: this model's template has no thinking switch",
                "Leave it out", "reasoning_effort");
  context["enable_thinking"] = level != "none" && level != "minimal";
  return {};
}

}  // namespace

Result<json::array> read_messages(const json::value& messages, std::vector<std::string>& warnings) {
  const json::array* list = messages.if_array();
  if (list == nullptr || list->empty())
    return invalid("messages", "must be a list with at least one message");
  if (list->size() > messages_max)
    return invalid("messages", "has more than " + std::to_string(messages_max) + " entries");
  json::array out;
  out.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i)
    out.push_back(TRY(read_message((*list)[i], indexed("messages", i), warnings)));
  return out;
}

Result<json::object> read_template_context(const json::object& body,
                                           std::string_view template_source,
                                           std::vector<std::string>& warnings) {
  json::object context;
  if (const json::value* kwargs = find(body, "chat_template_kwargs"); kwargs != nullptr) {
    // The first four are trusted by the renderer: letting a request set them would let it write
    // control tokens.
    constexpr std::array reserved = {"bos_token",
                                     "eos_token",
                                     "unk_token",
                                     "pad_token",
                                     "messages",
                                     "tools",
                                     "add_generation_prompt"};
    for (const auto& member : kwargs->get_object()) {
      if (std::ranges::any_of(reserved, [&](const char* name) { return member.key() == name; }))
        return invalid("chat_template_kwargs." + std::string(member.key()),
                       "cannot be set by a request");
      context[member.key()] = member.value();
    }
  }
  if (Result<void> applied = apply_reasoning_effort(body, template_source, context); !applied)
    return std::unexpected(applied.error());
  context["messages"] = TRY(read_messages(body.at("messages"), warnings));
  if (const json::value* tools = find(body, "tools");
      tools != nullptr && tools->is_array() && !tools->get_array().empty())
    context["tools"] = *tools;
  context["add_generation_prompt"] = read_flag(body, "add_generation_prompt", true);
  return context;
}

}  // namespace croft
