// The members of the body; messages are read in read_anthropic_messages.cpp.
#include <algorithm>
#include <array>
#include <iterator>

#include "base/limits.h"
#include "router/dialects/field_reader.h"
#include "router/dialects/read_anthropic_messages.h"
#include "router/dialects/read_request.h"

namespace croft::dialects {
namespace {

constexpr std::size_t tools_max = 1024;
constexpr std::size_t stop_sequences_max = 64;
constexpr std::int64_t tokens_count_max = limits::context_max;

constexpr std::array anthropic_extras = {"service_tier", "speed", "inference_geo"};
constexpr std::array refused_members = {"container",   "mcp_servers",     "context_management",
                                        "diagnostics", "user_profile_id", "workspace_id"};

Result<ChatTool> read_tool(const json::value& value, const std::string& field,
                           std::vector<std::string>& warnings) {
  FieldReader tool(*TRY(as_object(value, field)), field, warnings);
  const std::string type = TRY(tool.text("type")).value_or("custom");
  if (type != "custom")
    return unsupported_field(tool.path("type"), "tools that Anthropic itself runs or defines",
                             "Define the tool with `name` and `input_schema`");
  ChatTool out;
  out.name = TRY(tool.required_text("name"));
  out.description = TRY(tool.text("description")).value_or("");
  const json::object* schema = TRY(tool.object("input_schema"));
  if (schema == nullptr) return invalid_field(tool.path("input_schema"), "is missing");
  out.parameters = *schema;
  out.strict = TRY(tool.flag("strict"));
  out.cache = TRY(read_cache_control(tool, warnings));
  tool.warn_unknown();
  return out;
}

Result<void> read_tools(FieldReader& body, ChatCall& call) {
  const json::array* tools = TRY(body.list("tools"));
  if (tools == nullptr) return {};
  if (tools->size() > tools_max)
    return invalid_field("tools", "has more than " + std::to_string(tools_max) + " entries");
  for (std::size_t i = 0; i < tools->size(); ++i)
    call.tools.push_back(TRY(read_tool((*tools)[i], indexed("tools", i), call.warnings)));
  return {};
}

Result<void> read_tool_choice(FieldReader& body, ChatCall& call) {
  const json::object* value = TRY(body.object("tool_choice"));
  if (value == nullptr) return {};
  FieldReader choice(*value, "tool_choice", call.warnings);
  const std::string type = TRY(choice.required_text("type"));
  ToolChoice out;
  if (type == "any") {
    out.mode = ToolChoiceMode::Required;
  } else if (type == "none") {
    out.mode = ToolChoiceMode::None;
  } else if (type == "tool") {
    out.mode = ToolChoiceMode::Named;
    out.name = TRY(choice.required_text("name"));
  } else if (type != "auto") {
    return invalid_field("tool_choice.type", "must be auto, any, tool or none");
  }
  if (const auto single = TRY(choice.flag("disable_parallel_tool_use")))
    call.parallel_tools = !*single;
  choice.warn_unknown();
  call.tool_choice = std::move(out);
  return {};
}

Result<void> read_thinking(FieldReader& body, ChatCall& call) {
  const json::object* value = TRY(body.object("thinking"));
  if (value == nullptr) return {};
  FieldReader thinking(*value, "thinking", call.warnings);
  const std::string type = TRY(thinking.required_text("type"));
  ThinkingConfig out;
  if (type == "enabled") {
    constexpr std::int64_t budget_min = 1024;  // Anthropic's own
    const auto budget = TRY(thinking.integer("budget_tokens", budget_min, tokens_count_max));
    if (!budget) return invalid_field("thinking.budget_tokens", "is missing");
    if (*budget >= *call.tokens_max)
      return invalid_field("thinking.budget_tokens", "must be less than `max_tokens`");
    out.mode = ThinkingMode::Enabled;
    out.budget_tokens = *budget;
  } else if (type == "adaptive") {
    out.mode = ThinkingMode::Adaptive;
  } else if (type != "disabled") {
    return invalid_field("thinking.type", "must be enabled, adaptive or disabled");
  }
  out.display = TRY(thinking.text("display")).value_or("");
  if (!out.display.empty() && out.display != "summarized" && out.display != "omitted")
    return invalid_field("thinking.display", "must be summarized or omitted");
  thinking.warn_unknown();
  call.thinking = std::move(out);
  return {};
}

Result<void> read_output_config(FieldReader& body, ChatCall& call) {
  const json::object* value = TRY(body.object("output_config"));
  if (value == nullptr) return {};
  FieldReader config(*value, "output_config", call.warnings);
  call.reasoning_effort = TRY(config.text("effort"));
  if (call.reasoning_effort) {
    constexpr std::array known = {"low", "medium", "high", "xhigh", "max"};
    bool is_known = false;
    for (const char* word : known) is_known = is_known || *call.reasoning_effort == word;
    if (!is_known)
      return invalid_field("output_config.effort", "must be low, medium, high, xhigh or max");
  }
  const json::object* wanted = TRY(config.object("format"));
  if (wanted != nullptr) {
    FieldReader format(*wanted, "output_config.format", call.warnings);
    const std::string type = TRY(format.required_text("type"));
    if (type != "json_schema")
      return invalid_field("output_config.format.type", "must be json_schema");
    const json::object* schema = TRY(format.object("schema"));
    if (schema == nullptr) return invalid_field("output_config.format.schema", "is missing");
    call.format.kind = FormatKind::JsonSchema;
    call.format.schema = *schema;
    call.format.strict = true;  // Anthropic knows no other
    format.warn_unknown();
  }
  config.warn_unknown();
  return {};
}

Result<void> read_stop(FieldReader& body, ChatCall& call) {
  const json::array* list = TRY(body.list("stop_sequences"));
  if (list == nullptr) return {};
  if (list->size() > stop_sequences_max)
    return invalid_field("stop_sequences",
                         "has more than " + std::to_string(stop_sequences_max) + " entries");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::string* text = (*list)[i].if_string();
    if (text == nullptr || text->empty())
      return invalid_field(indexed("stop_sequences", i), "must be a string that is not empty");
    call.stop.emplace_back(std::string_view(*text));
  }
  return {};
}

Result<void> read_metadata(FieldReader& body, ChatCall& call) {
  const json::object* value = TRY(body.object("metadata"));
  if (value == nullptr) return {};
  FieldReader metadata(*value, "metadata", call.warnings);
  call.user = TRY(metadata.text("user_id")).value_or("");
  metadata.warn_unknown();
  return {};
}

Result<void> read_messages(FieldReader& body, ChatCall& call) {
  if (const json::value* system = body.take("system"); system != nullptr)
    call.messages.push_back(TRY(read_anthropic_system(*system, call.warnings)));
  const json::array* list = TRY(body.list("messages"));
  if (list == nullptr || list->empty())
    return invalid_field("messages", "must be a list with at least one message");
  std::vector<ChatMessage> messages = TRY(read_anthropic_list(*list, call.warnings));
  std::ranges::move(messages, std::back_inserter(call.messages));
  return {};
}

}  // namespace

Result<ChatCall> read_anthropic_messages(const json::value& value) {
  ChatCall call;
  FieldReader body(*TRY(as_object(value, "body")), {}, call.warnings);
  call.model = TRY(body.text("model")).value_or("");
  TRY(read_messages(body, call));
  call.tokens_max = TRY(body.integer("max_tokens", 1, tokens_count_max));
  if (!call.tokens_max) return invalid_field("max_tokens", "is missing");
  TRY(read_tools(body, call));
  TRY(read_tool_choice(body, call));
  TRY(read_thinking(body, call));
  TRY(read_output_config(body, call));
  TRY(read_stop(body, call));
  TRY(read_metadata(body, call));
  call.temperature = TRY(body.number("temperature", 0, 1));
  call.top_p = TRY(body.number("top_p", 0, 1));
  call.top_k = TRY(body.integer("top_k", 0, limits::vocabulary_max));
  call.stream = TRY(body.flag("stream")).value_or(false);
  call.cache = TRY(read_cache_control(body, call.warnings));
  if (const json::value* trace = body.take("route_trace"); trace != nullptr)
    call.route_trace = *trace;
  for (const char* name : refused_members)
    if (body.take(name) != nullptr)
      return unsupported_field(name, "it exists on Anthropic's servers only", "Leave it out");
  for (const char* name : anthropic_extras)
    if (const json::value* extra = body.take(name); extra != nullptr)
      call.extras.push_back({name, *extra, ExtraKind::Anthropic});
  body.warn_unknown();
  return call;
}

}  // namespace croft::dialects
