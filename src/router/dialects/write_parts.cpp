#include "router/dialects/write_parts.h"

#include <algorithm>

namespace croft::dialects {
namespace {

bool taken_by(ExtraKind kind, Dialect dialect, bool engine_extras) {
  switch (kind) {
    case ExtraKind::OpenAi:
    case ExtraKind::OpenAiHint:
      return dialect == Dialect::OpenAi;
    case ExtraKind::Engine:
      return dialect == Dialect::OpenAi && engine_extras;
    case ExtraKind::Anthropic:
      return dialect == Dialect::Anthropic;
  }
  return false;
}

bool is_hint(ExtraKind kind) {
  return kind == ExtraKind::OpenAiHint;
}

bool part_wants_cache(const ContentPart& part) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.cache; })
          return one.cache.has_value();
        else
          return false;
      },
      part);
}

}  // namespace

std::unexpected<Error> not_expressible(std::string_view field, Dialect dialect, std::string why) {
  std::string message = "`" + std::string(field) + "` cannot be asked of an upstream that speaks " +
                        std::string(dialect_text(dialect));
  if (!why.empty()) message += ": " + why;
  return fail(ErrorCode::Unsupported, std::move(message), "Leave it out, or choose another model",
              std::string(field));
}

std::string part_field(const ChatMessage& message, std::size_t part) {
  return indexed(message.field + ".content", part);
}

Result<void> write_extras(const ChatCall& call, Dialect dialect, bool engine_extras,
                          WrittenRequest& out) {
  for (const ExtraField& extra : call.extras) {
    if (taken_by(extra.kind, dialect, engine_extras))
      out.body[extra.name] = extra.value;
    else if (is_hint(extra.kind))
      add_warning(out.warnings, "`" + extra.name + "` was left out: the upstream does not know it");
    else
      return not_expressible(extra.name, dialect);
  }
  return {};
}

Result<void> refuse_choices(const ChatCall& call, Dialect dialect) {
  if (call.choices > 1) return not_expressible("n", dialect, "one choice is carried over");
  return {};
}

bool wants_cache(const ChatCall& call) {
  return call.cache.has_value() ||
         std::ranges::any_of(call.tools,
                             [](const ChatTool& tool) { return tool.cache.has_value(); }) ||
         std::ranges::any_of(call.messages, [](const ChatMessage& message) {
           return message.cache.has_value() ||
                  std::ranges::any_of(message.content, part_wants_cache);
         });
}

Result<json::object> arguments_object(const ToolCall& call, const std::string& field) {
  if (call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) return json::object{};
  Result<json::value> parsed = parse_json(call.arguments, "arguments");
  if (!parsed || !parsed->is_object())
    return invalid_field(field, "has arguments that are not a JSON object",
                         "The upstream needs them as an object");
  return std::move(parsed->get_object());
}

Result<std::string> joined_text(const ChatMessage& message, Dialect dialect) {
  std::string text;
  for (std::size_t i = 0; i < message.content.size(); ++i) {
    const TextPart* part = std::get_if<TextPart>(&message.content[i]);
    if (part == nullptr)
      return not_expressible(part_field(message, i), dialect, "only text may stand here");
    text += part->text;
  }
  return text;
}

}  // namespace croft::dialects
