#include "server/api/text_shape.h"

namespace croft {
namespace {

json::object envelope_json(const TextEnvelope& envelope, std::string_view object) {
  json::object body;
  body["id"] = envelope.id;
  body["object"] = object;
  body["created"] = envelope.created;
  body["model"] = envelope.model;
  body["system_fingerprint"] = envelope.fingerprint;
  return body;
}

json::object chunk(const TextEnvelope& envelope, json::array choices) {
  const bool chat = envelope.dialect == TextDialect::Chat;
  json::object body = envelope_json(envelope, chat ? "chat.completion.chunk" : "text_completion");
  body["choices"] = std::move(choices);
  if (envelope.usage_in_chunks) body["usage"] = nullptr;
  return body;
}

json::object choice_chunk(const TextEnvelope& envelope, std::size_t index, json::object choice,
                          json::value logprobs, json::value finish_reason) {
  choice["index"] = index;
  choice["logprobs"] = std::move(logprobs);
  choice["finish_reason"] = std::move(finish_reason);
  json::array choices;
  choices.push_back(std::move(choice));
  return chunk(envelope, std::move(choices));
}

}  // namespace

std::string format_event(const json::value& data) {
  // Serialized JSON has no line break, so one `data:` line carries it.
  return "data: " + json::serialize(data) + "\n\n";
}

std::string_view done_event() {
  return "data: [DONE]\n\n";
}

json::object usage_json(const TextUsage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", json::object{{"cached_tokens", usage.cached_tokens}}}};
}

void add_warnings(json::object& body, const std::vector<std::string>& warnings) {
  if (warnings.empty()) return;
  json::array list;
  for (const std::string& warning : warnings) list.push_back(json::value(warning));
  body["warnings"] = std::move(list);
}

json::object role_chunk(const TextEnvelope& envelope, std::size_t index) {
  const json::object delta = {{"role", "assistant"}, {"content", ""}};
  return choice_chunk(envelope, index, {{"delta", delta}}, nullptr, nullptr);
}

json::object text_chunk(const TextEnvelope& envelope, std::size_t index, std::string_view text,
                        json::value logprobs) {
  json::object choice;
  if (envelope.dialect == TextDialect::Chat)
    choice["delta"] = json::object{{"content", text}};
  else
    choice["text"] = text;
  return choice_chunk(envelope, index, std::move(choice), std::move(logprobs), nullptr);
}

json::object finish_chunk(const TextEnvelope& envelope, std::size_t index, FinishReason reason) {
  json::object choice;
  if (envelope.dialect == TextDialect::Chat)
    choice["delta"] = json::object{};
  else
    choice["text"] = "";
  return choice_chunk(envelope, index, std::move(choice), nullptr,
                      json::value(finish_reason_text(reason)));
}

json::object usage_chunk(const TextEnvelope& envelope, const TextUsage& usage) {
  json::object body = chunk(envelope, {});
  body["usage"] = usage_json(usage);
  return body;
}

json::object whole_choice(TextDialect dialect, std::size_t index, std::string_view text,
                          json::value logprobs, FinishReason reason) {
  json::object choice;
  choice["index"] = index;
  if (dialect == TextDialect::Chat)
    choice["message"] =
        json::object{{"role", "assistant"}, {"content", text}, {"refusal", nullptr}};
  else
    choice["text"] = text;
  choice["logprobs"] = std::move(logprobs);
  choice["finish_reason"] = finish_reason_text(reason);
  return choice;
}

json::object whole_answer(const TextEnvelope& envelope, json::array choices,
                          const TextUsage& usage) {
  const bool chat = envelope.dialect == TextDialect::Chat;
  json::object body = envelope_json(envelope, chat ? "chat.completion" : "text_completion");
  body["choices"] = std::move(choices);
  body["usage"] = usage_json(usage);
  return body;
}

}  // namespace croft
