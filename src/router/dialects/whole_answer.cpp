#include <utility>

#include "base/check.h"
#include "router/dialects/answer_shape.h"

namespace croft::dialects {
namespace {

/// Pieces joined to parts, in order.
struct Gathered {
  struct Refusal {
    std::string text;
  };
  using Part = std::variant<TextPart, Refusal, ThinkingPart, ToolCall>;
  std::vector<Part> parts;
  json::array logprobs;
  std::string id;
  std::string model;
  Usage usage;
  std::optional<Finished> finished;
  std::optional<Error> error;

  /// The last part where it is of that kind, else a new one.
  template <typename Kind>
  Kind& last() {
    if (parts.empty() || !std::holds_alternative<Kind>(parts.back())) parts.emplace_back(Kind{});
    return std::get<Kind>(parts.back());
  }

  void add(const Started& event) {
    id = event.id;
    model = event.model;
  }
  void add(const TextDelta& event) {
    if (!event.text.empty()) last<TextPart>().text += event.text;
    for (const json::value& entry : event.logprobs) logprobs.push_back(entry);
  }
  void add(const RefusalDelta& event) { last<Refusal>().text += event.text; }
  void add(const ThinkingDelta& event) {
    const bool closed = !parts.empty() && std::holds_alternative<ThinkingPart>(parts.back()) &&
                        (!std::get<ThinkingPart>(parts.back()).signature.empty() ||
                         !std::get<ThinkingPart>(parts.back()).redacted_data.empty());
    if (closed) parts.emplace_back(ThinkingPart{});
    last<ThinkingPart>().text += event.text;
  }
  void add(const ThinkingSignature& event) { last<ThinkingPart>().signature = event.signature; }
  void add(const RedactedThinking& event) { parts.emplace_back(ThinkingPart{{}, {}, event.data}); }
  void add(const ToolCallBegin& event) {
    parts.emplace_back(ToolCall{event.id, event.name, {}, {}});
  }
  void add(const ToolCallArguments& event) { last<ToolCall>().arguments += event.text; }
  void add(const Usage& event) { usage = event; }
  void add(const Finished& event) { finished = event; }
  void add(const Failed& event) { error = event.error; }
};

json::object openai_message(const Gathered& answer) {
  std::string text;
  std::string refusal;
  std::string thoughts;
  json::array calls;
  for (const Gathered::Part& part : answer.parts) {
    if (const auto* words = std::get_if<TextPart>(&part)) text += words->text;
    if (const auto* no = std::get_if<Gathered::Refusal>(&part)) refusal += no->text;
    if (const auto* thought = std::get_if<ThinkingPart>(&part)) thoughts += thought->text;
    if (const auto* call = std::get_if<ToolCall>(&part)) {
      const std::string& arguments = call->arguments.empty() ? "{}" : call->arguments;
      calls.push_back({{"id", call->id},
                       {"type", "function"},
                       {"function", json::object{{"name", call->name}, {"arguments", arguments}}}});
    }
  }
  const bool silent = text.empty() && (!calls.empty() || !refusal.empty());
  json::object out;
  out["role"] = "assistant";
  out["content"] = silent ? json::value() : json::value(text);
  out["refusal"] = refusal.empty() ? json::value() : json::value(refusal);
  if (!thoughts.empty()) out["reasoning_content"] = thoughts;
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  return out;
}

json::object openai_whole(const AnswerLook& look, const Gathered& answer) {
  json::object choice;
  choice["index"] = 0;
  choice["message"] = openai_message(answer);
  choice["logprobs"] =
      answer.logprobs.empty()
          ? json::value()
          : json::value(json::object{{"content", answer.logprobs}, {"refusal", nullptr}});
  choice["finish_reason"] = openai_finish_word(answer.finished->cause);
  json::array choices;
  choices.push_back(std::move(choice));
  json::object out;
  out["id"] = look.id.empty() ? answer.id : look.id;
  out["object"] = "chat.completion";
  out["created"] = look.created;
  out["model"] = look.model.empty() ? answer.model : look.model;
  if (!look.fingerprint.empty()) out["system_fingerprint"] = look.fingerprint;
  out["choices"] = std::move(choices);
  if (answer.usage != Usage{}) out["usage"] = openai_usage_json(answer.usage);
  return out;
}

Result<json::object> tool_use_json(const ToolCall& call) {
  json::object out = {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}};
  Result<json::value> input = parse_json(call.arguments.empty() ? "{}" : call.arguments, "it");
  if (!input || !input->is_object())
    return fail(ErrorCode::Io,
                "the model called `" + call.name + "` with arguments that are no JSON object",
                "Send the request again, or allow it more tokens");
  out["input"] = *std::move(input);
  return out;
}

Result<json::object> anthropic_whole(const AnswerLook& look, const Gathered& answer) {
  json::array content;
  for (const Gathered::Part& part : answer.parts) {
    if (const auto* words = std::get_if<TextPart>(&part)) {
      content.push_back({{"type", "text"}, {"text", words->text}});
    } else if (const auto* no = std::get_if<Gathered::Refusal>(&part)) {
      content.push_back({{"type", "text"}, {"text", no->text}});
    } else if (const auto* call = std::get_if<ToolCall>(&part)) {
      content.push_back(TRY(tool_use_json(*call)));
    } else {
      const auto& thought = std::get<ThinkingPart>(part);
      if (thought.redacted_data.empty())
        content.push_back(
            {{"type", "thinking"}, {"thinking", thought.text}, {"signature", thought.signature}});
      else
        content.push_back({{"type", "redacted_thinking"}, {"data", thought.redacted_data}});
    }
  }
  json::object out;
  out["id"] = look.id.empty() ? answer.id : look.id;
  out["type"] = "message";
  out["role"] = "assistant";
  out["model"] = look.model.empty() ? answer.model : look.model;
  out["content"] = std::move(content);
  out["stop_reason"] = anthropic_stop_word(answer.finished->cause);
  out["stop_sequence"] = answer.finished->stop_sequence.empty()
                             ? json::value()
                             : json::value(answer.finished->stop_sequence);
  out["usage"] = anthropic_usage_json(answer.usage);
  return out;
}

}  // namespace

Result<json::object> write_whole_answer(Dialect client, const AnswerLook& look,
                                        std::span<const AnswerEvent> events) {
  CHECK(client != Dialect::Ollama);
  Gathered answer;
  for (const AnswerEvent& event : events)
    std::visit([&](const auto& one) { answer.add(one); }, event);
  if (answer.error) return std::unexpected(*answer.error);
  if (!answer.finished) return fail(ErrorCode::Internal, "an answer without an end was written");
  json::object out;
  if (client == Dialect::OpenAi)
    out = openai_whole(look, answer);
  else
    out = TRY(anthropic_whole(look, answer));
  add_extras(look, out);
  return out;
}

}  // namespace croft::dialects
