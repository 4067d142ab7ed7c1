// OpenAI's chunks: the role first, finish_reason alone in the last, then usage if asked, [DONE].
#include <utility>

#include "router/dialects/answer_shape.h"
#include "router/dialects/client_error.h"

namespace croft::dialects {
namespace {

std::string format_data(const json::value& data) {
  // Serialised JSON has no line break, so one `data:` line carries it.
  return "data: " + json::serialize(data) + "\n\n";
}

class OpenAiWriter final : public AnswerWriter {
 public:
  explicit OpenAiWriter(AnswerLook look) : look_(std::move(look)) {}

  std::string write(const AnswerEvent& event) override;
  std::string ping() const override { return ": ping\n\n"; }

 private:
  std::string handle(const Started& event);
  std::string handle(const TextDelta& event);
  std::string handle(const RefusalDelta& event);
  std::string handle(const ThinkingDelta& event);
  std::string handle(const ThinkingSignature&) { return {}; }  // no member for what only a
  std::string handle(const RedactedThinking&) { return {}; }   // maker of thoughts can read
  std::string handle(const ToolCallBegin& event);
  std::string handle(const ToolCallArguments& event);
  std::string handle(const Usage& event);
  std::string handle(const Finished& event);
  std::string handle(const Failed& event);

  [[nodiscard]] json::object chunk(json::array choices) const;
  [[nodiscard]] json::object choice_chunk(json::object delta, json::value finish_reason,
                                          json::value logprobs = nullptr) const;

  AnswerLook look_;
  Usage usage_;
  bool started_ = false;
  bool ended_ = false;
};

json::object OpenAiWriter::chunk(json::array choices) const {
  json::object out;
  out["id"] = look_.id;
  out["object"] = "chat.completion.chunk";
  out["created"] = look_.created;
  out["model"] = look_.model;
  if (!look_.fingerprint.empty()) out["system_fingerprint"] = look_.fingerprint;
  out["choices"] = std::move(choices);
  if (look_.include_usage) out["usage"] = nullptr;
  return out;
}

json::object OpenAiWriter::choice_chunk(json::object delta, json::value finish_reason,
                                        json::value logprobs) const {
  json::object choice;
  choice["index"] = 0;
  choice["delta"] = std::move(delta);
  choice["logprobs"] = std::move(logprobs);
  choice["finish_reason"] = std::move(finish_reason);
  json::array choices;
  choices.push_back(std::move(choice));
  return chunk(std::move(choices));
}

std::string OpenAiWriter::handle(const Started& event) {
  if (started_) return {};
  started_ = true;
  if (look_.id.empty()) look_.id = event.id;
  if (look_.model.empty()) look_.model = event.model;
  json::object first = choice_chunk({{"role", "assistant"}, {"content", ""}}, nullptr);
  add_extras(look_, first);
  return format_data(std::move(first));
}

std::string OpenAiWriter::handle(const TextDelta& event) {
  json::value logprobs;
  if (!event.logprobs.empty())
    logprobs = json::object{{"content", event.logprobs}, {"refusal", nullptr}};
  return format_data(choice_chunk({{"content", event.text}}, nullptr, std::move(logprobs)));
}

std::string OpenAiWriter::handle(const RefusalDelta& event) {
  return format_data(choice_chunk({{"refusal", event.text}}, nullptr));
}

std::string OpenAiWriter::handle(const ThinkingDelta& event) {
  return format_data(choice_chunk({{"reasoning_content", event.text}}, nullptr));
}

std::string OpenAiWriter::handle(const ToolCallBegin& event) {
  json::object call;
  call["index"] = event.index;
  call["id"] = event.id;
  call["type"] = "function";
  call["function"] = json::object{{"name", event.name}, {"arguments", ""}};
  json::array calls;
  calls.push_back(std::move(call));
  return format_data(choice_chunk({{"tool_calls", std::move(calls)}}, nullptr));
}

std::string OpenAiWriter::handle(const ToolCallArguments& event) {
  json::object call;
  call["index"] = event.index;
  call["function"] = json::object{{"arguments", event.text}};
  json::array calls;
  calls.push_back(std::move(call));
  return format_data(choice_chunk({{"tool_calls", std::move(calls)}}, nullptr));
}

std::string OpenAiWriter::handle(const Usage& event) {
  usage_ = event;
  return {};
}

std::string OpenAiWriter::handle(const Finished& event) {
  ended_ = true;
  std::string out = format_data(choice_chunk({}, json::value(openai_finish_word(event.cause))));
  if (look_.include_usage) {
    json::object last = chunk({});
    last["usage"] = openai_usage_json(usage_);
    out += format_data(std::move(last));
  }
  return out + "data: [DONE]\n\n";
}

std::string OpenAiWriter::handle(const Failed& event) {
  ended_ = true;
  return format_data(write_client_error(Dialect::OpenAi, event.error, {}).body);
}

std::string OpenAiWriter::write(const AnswerEvent& event) {
  if (ended_) return {};
  return std::visit([this](const auto& one) { return handle(one); }, event);
}

}  // namespace

std::unique_ptr<AnswerWriter> make_openai_writer(AnswerLook look) {
  return std::make_unique<OpenAiWriter>(std::move(look));
}

}  // namespace croft::dialects
