// The members of the body; messages are read in read_openai_messages.cpp.
#include <array>

#include "base/limits.h"
#include "router/dialects/field_reader.h"
#include "router/dialects/read_openai_messages.h"
#include "router/dialects/read_request.h"

namespace croft::dialects {
namespace {

constexpr std::size_t tools_max = 1024;
constexpr std::int64_t tokens_count_max = limits::context_max;

// Carried as they came. Anything that could bring an answer which our events cannot carry (audio,
// citations) is refused instead.
constexpr std::array openai_extras = {"prediction", "verbosity", "service_tier", "store"};
constexpr std::array openai_hints = {"prompt_cache_key", "prompt_cache_retention",
                                     "prompt_cache_options", "safety_identifier"};
constexpr std::array engine_extras = {"min_p",
                                      "repetition_penalty",
                                      "length_penalty",
                                      "use_beam_search",
                                      "ignore_eos",
                                      "min_tokens",
                                      "stop_token_ids",
                                      "include_stop_str_in_output",
                                      "skip_special_tokens",
                                      "return_tokens_as_token_ids",
                                      "chat_template",
                                      "chat_template_kwargs",
                                      "add_generation_prompt",
                                      "continue_final_message",
                                      "add_special_tokens",
                                      "truncate_prompt_tokens",
                                      "prompt_logprobs",
                                      "guided_json",
                                      "guided_regex",
                                      "guided_choice",
                                      "guided_grammar",
                                      "deadline_ms",
                                      "echo"};

struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr std::array refused_members = {
    Refused{"functions", "it gave way to `tools`"},
    Refused{"function_call", "it gave way to `tool_choice`"},
    Refused{"audio", "only text is answered"},
    Refused{"web_search_options", "its citations cannot be carried over"},
    Refused{"moderation", "its verdicts cannot be carried over"},
};

Result<ChatTool> read_tool(const json::value& value, const std::string& field,
                           std::vector<std::string>& warnings) {
  FieldReader tool(*TRY(as_object(value, field)), field, warnings);
  const std::string type = TRY(tool.required_text("type"));
  if (type != "function")
    return unsupported_field(tool.path("type"), "only tools of type function are");
  const json::object* definition = TRY(tool.object("function"));
  if (definition == nullptr) return invalid_field(tool.path("function"), "is missing");
  FieldReader function(*definition, tool.path("function"), warnings);
  ChatTool out;
  out.name = TRY(function.required_text("name"));
  out.description = TRY(function.text("description")).value_or("");
  const json::object* parameters = TRY(function.object("parameters"));
  if (parameters != nullptr) out.parameters = *parameters;
  out.strict = TRY(function.flag("strict"));
  function.warn_unknown();
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
  const json::value* value = body.take("tool_choice");
  if (value == nullptr) return {};
  if (value->is_string()) {
    const std::string_view word = value->get_string();
    if (word == "auto")
      call.tool_choice = ToolChoice{ToolChoiceMode::Auto, {}};
    else if (word == "none")
      call.tool_choice = ToolChoice{ToolChoiceMode::None, {}};
    else if (word == "required")
      call.tool_choice = ToolChoice{ToolChoiceMode::Required, {}};
    else
      return invalid_field("tool_choice", "must be auto, none, required or a function");
    return {};
  }
  FieldReader choice(*TRY(as_object(*value, "tool_choice")), "tool_choice", call.warnings);
  const std::string type = TRY(choice.required_text("type"));
  if (type != "function")
    return unsupported_field("tool_choice.type", "only a choice of type function is",
                             "Name one function, or use auto, none or required");
  const json::object* named = TRY(choice.object("function"));
  if (named == nullptr) return invalid_field("tool_choice.function", "is missing");
  FieldReader function(*named, "tool_choice.function", call.warnings);
  call.tool_choice = ToolChoice{ToolChoiceMode::Named, TRY(function.required_text("name"))};
  function.warn_unknown();
  choice.warn_unknown();
  return {};
}

Result<void> read_format(FieldReader& body, ChatCall& call) {
  const json::object* value = TRY(body.object("response_format"));
  if (value == nullptr) return {};
  FieldReader format(*value, "response_format", call.warnings);
  const std::string type = TRY(format.required_text("type"));
  if (type == "json_object") {
    call.format.kind = FormatKind::JsonObject;
  } else if (type == "json_schema") {
    const json::object* definition = TRY(format.object("json_schema"));
    if (definition == nullptr) return invalid_field("response_format.json_schema", "is missing");
    FieldReader schema(*definition, "response_format.json_schema", call.warnings);
    call.format.kind = FormatKind::JsonSchema;
    call.format.name = TRY(schema.required_text("name"));
    call.format.description = TRY(schema.text("description")).value_or("");
    call.format.strict = TRY(schema.flag("strict"));
    const json::object* rules = TRY(schema.object("schema"));
    if (rules == nullptr) return invalid_field("response_format.json_schema.schema", "is missing");
    call.format.schema = *rules;
    schema.warn_unknown();
  } else if (type != "text") {
    return invalid_field("response_format.type", "must be text, json_object or json_schema");
  }
  format.warn_unknown();
  return {};
}

Result<void> read_stop(FieldReader& body, ChatCall& call) {
  const json::value* value = body.take("stop");
  if (value == nullptr) return {};
  if (value->is_string()) {
    // OpenAI's clients send "" to mean none.
    const json::string& text = value->get_string();
    if (!text.empty()) call.stop.emplace_back(std::string_view(text));
    return {};
  }
  const json::array* list = value->if_array();
  if (list == nullptr) return invalid_field("stop", "must be a string or a list of strings");
  if (list->size() > limits::stop_strings_max)
    return invalid_field("stop",
                         "has more than " + std::to_string(limits::stop_strings_max) + " entries");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::string* text = (*list)[i].if_string();
    if (text == nullptr || text->empty())
      return invalid_field(indexed("stop", i), "must be a string that is not empty");
    call.stop.emplace_back(std::string_view(*text));
  }
  return {};
}

Result<void> read_stream(FieldReader& body, ChatCall& call) {
  call.stream = TRY(body.flag("stream")).value_or(false);
  const json::object* value = TRY(body.object("stream_options"));
  if (value == nullptr) return {};
  if (!call.stream)
    return invalid_field("stream_options", "is given without `stream`",
                         "Set stream to true, or leave it out");
  FieldReader options(*value, "stream_options", call.warnings);
  call.include_usage = TRY(options.flag("include_usage")).value_or(false);
  const std::optional<bool> obfuscation = TRY(options.flag("include_obfuscation"));
  if (obfuscation.value_or(false))
    return unsupported_field("stream_options.include_obfuscation",
                             "padding against traffic analysis is not available", "Send false");
  options.warn_unknown();
  return {};
}

Result<void> read_sampling(FieldReader& body, ChatCall& call) {
  const auto older = TRY(body.integer("max_tokens", 1, tokens_count_max));
  const auto newer = TRY(body.integer("max_completion_tokens", 1, tokens_count_max));
  if (older && newer && *older != *newer)
    return invalid_field("max_tokens", "differs from `max_completion_tokens`",
                         "Send one of the two");
  call.tokens_max = newer ? newer : older;
  call.temperature = TRY(body.number("temperature", 0, 2));
  call.top_p = TRY(body.number("top_p", 0, 1));
  call.top_k = TRY(body.integer("top_k", -1, limits::vocabulary_max));
  call.presence_penalty = TRY(body.number("presence_penalty", -2, 2));
  call.frequency_penalty = TRY(body.number("frequency_penalty", -2, 2));
  call.seed = TRY(body.integer("seed", INT64_MIN, INT64_MAX));
  call.choices = TRY(body.integer("n", 1, limits::choices_max)).value_or(1);
  call.logprobs = TRY(body.flag("logprobs")).value_or(false);
  call.top_logprobs = TRY(body.integer("top_logprobs", 0, limits::top_logprobs_max));
  if (call.top_logprobs.value_or(0) > 0 && !call.logprobs)
    return invalid_field("top_logprobs", "needs `logprobs`", "Set logprobs to true");
  const json::object* bias = TRY(body.object("logit_bias"));
  if (bias != nullptr && !bias->empty()) call.logit_bias = *bias;
  return read_stop(body, call);
}

Result<void> read_reasoning(FieldReader& body, ChatCall& call) {
  call.reasoning_effort = TRY(body.text("reasoning_effort"));
  if (!call.reasoning_effort) return {};
  constexpr std::array known = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};
  for (const char* word : known)
    if (*call.reasoning_effort == word) return {};
  return invalid_field("reasoning_effort",
                       "must be none, minimal, low, medium, high, xhigh or max");
}

Result<void> read_modalities(FieldReader& body) {
  const json::array* modalities = TRY(body.list("modalities"));
  if (modalities == nullptr) return {};
  for (std::size_t i = 0; i < modalities->size(); ++i)
    if ((*modalities)[i] != "text")
      return unsupported_field(indexed("modalities", i), "only text is answered");
  return {};
}

template <std::size_t count>
void take_extras(FieldReader& body, const std::array<const char*, count>& names, ExtraKind kind,
                 ChatCall& call) {
  for (const char* name : names)
    if (const json::value* value = body.take(name); value != nullptr)
      call.extras.push_back({name, *value, kind});
}

Result<void> read_rest(FieldReader& body, ChatCall& call) {
  for (const Refused& refused : refused_members)
    if (body.take(refused.name) != nullptr)
      return unsupported_field(std::string(refused.name), refused.why, "Leave it out");
  TRY(read_modalities(body));
  call.user = TRY(body.text("user")).value_or("");
  const json::object* metadata = TRY(body.object("metadata"));
  if (metadata != nullptr && !metadata->empty()) call.metadata = *metadata;
  if (const json::value* trace = body.take("route_trace"); trace != nullptr)
    call.route_trace = *trace;
  take_extras(body, openai_extras, ExtraKind::OpenAi, call);
  take_extras(body, openai_hints, ExtraKind::OpenAiHint, call);
  take_extras(body, engine_extras, ExtraKind::Engine, call);
  // `store: false` asks for nothing, and many clients send it.
  std::erase_if(call.extras, [](const ExtraField& extra) {
    return extra.name == "store" && extra.value == false;
  });
  return {};
}

}  // namespace

Result<ChatCall> read_openai_chat(const json::value& value) {
  ChatCall call;
  FieldReader body(*TRY(as_object(value, "body")), {}, call.warnings);
  call.model = TRY(body.text("model")).value_or("");
  const json::array* messages = TRY(body.list("messages"));
  if (messages == nullptr || messages->empty())
    return invalid_field("messages", "must be a list with at least one message");
  call.messages = TRY(read_openai_messages(*messages, call.warnings));
  TRY(read_tools(body, call));
  TRY(read_tool_choice(body, call));
  call.parallel_tools = TRY(body.flag("parallel_tool_calls"));
  TRY(read_format(body, call));
  TRY(read_stream(body, call));
  TRY(read_sampling(body, call));
  TRY(read_reasoning(body, call));
  TRY(read_rest(body, call));
  body.warn_unknown();
  return call;
}

}  // namespace croft::dialects
