// OpenAI chat completions: chunks of a stream, and whole answers.
#include <memory>
#include <utility>

#include "router/dialects/answer_state.h"
#include "router/dialects/event_stream.h"
#include "router/dialects/upstream_error.h"
#include "router/dialects/upstream_json.h"

namespace croft::dialects {
namespace {

FinishCause cause_of(std::string_view word) {
  if (word == "length") return FinishCause::Length;
  if (word == "tool_calls" || word == "function_call") return FinishCause::ToolCalls;
  if (word == "content_filter") return FinishCause::ContentFilter;
  return FinishCause::Stop;
}

Usage usage_of(const json::value& usage) {
  Usage out;
  out.prompt_tokens = find_count(usage, "prompt_tokens");
  out.completion_tokens = find_count(usage, "completion_tokens");
  if (const json::value* details = find(usage, "prompt_tokens_details")) {
    out.cached_tokens = find_count(*details, "cached_tokens");
    out.cache_write_tokens = find_count(*details, "cache_write_tokens");
  }
  if (const json::value* details = find(usage, "completion_tokens_details"))
    out.reasoning_tokens = find_count(*details, "reasoning_tokens");
  return out;
}

class OpenAiReader final : public DialectReader {
 public:
  explicit OpenAiReader(const ReaderOptions& options)
      : DialectReader(options), events_(options.event_bytes_max) {}

  void read_item(std::string_view data) override;
  void read_whole(const json::value& body) override;

 private:
  Result<void> split(std::string_view bytes) override;
  void read_done();
  /// Id, model, usage and error; false where the answer is over.
  bool read_envelope(const json::value& body);
  /// The one choice, or null: none, or the answer was rejected.
  const json::value* only_choice(const json::value& body);
  void read_choice(const json::value& choice, std::string_view message_key);
  void read_message(const json::value& message, json::array logprobs);
  /// A text member: false where it has another type.
  bool read_text(const json::value& message, std::string_view key,
                 void (AnswerState::*take)(std::string_view));
  void read_calls(const json::value& calls);
  void read_call(const json::value& call);
  void read_arguments(const json::value& function);

  EventStream events_;
  std::int64_t call_index_ = -1;  ///< the upstream's, of the call that began last
  std::string call_id_;           ///< as the upstream wrote it
};

Result<void> OpenAiReader::split(std::string_view bytes) {
  return events_.feed(bytes, [this](const StreamEvent& event) {
    if (!event.data.empty()) read_item(event.data);
    return !state.ended();
  });
}

void OpenAiReader::read_done() {
  if (!state.started()) return state.reject("it ends before it begins");
  state.complete();
}

bool OpenAiReader::read_envelope(const json::value& body) {
  if (const json::value* error = find(body, "error")) {
    state.fail(read_stream_error(Dialect::OpenAi, *error));
    return false;
  }
  const std::string id = find_text(body, "id");
  const std::string model = find_text(body, "model");
  if (!id.empty() || !model.empty()) state.start(id, model);
  const json::value* usage = find(body, "usage");
  if (usage != nullptr && usage->is_object()) state.set_usage(usage_of(*usage));
  return true;
}

const json::value* OpenAiReader::only_choice(const json::value& body) {
  const json::value* choices = find(body, "choices");
  if (choices == nullptr) return nullptr;
  if (!choices->is_array()) {
    state.reject("`choices` is no list");
    return nullptr;
  }
  const json::array& list = choices->get_array();
  if (list.empty()) return nullptr;
  const json::value& choice = list.front();
  const json::value* index = find(choice, "index");
  if (list.size() > 1 || (index != nullptr && find_int(choice, "index") != 0)) {
    state.reject("it has several choices, and one was asked for");
    return nullptr;
  }
  if (!choice.is_object()) {
    state.reject("a choice is no object");
    return nullptr;
  }
  return &choice;
}

bool OpenAiReader::read_text(const json::value& message, std::string_view key,
                             void (AnswerState::*take)(std::string_view)) {
  const json::value* value = find(message, key);
  if (value == nullptr) return true;
  if (!value->is_string()) {
    state.reject("`" + std::string(key) + "` is no string");
    return false;
  }
  (state.*take)(value->get_string());
  return true;
}

void OpenAiReader::read_arguments(const json::value& function) {
  const json::value* arguments = find(function, "arguments");
  if (arguments == nullptr) return;
  if (arguments->is_string()) return state.arguments(arguments->get_string());
  // Some servers write the object itself.
  if (arguments->is_object()) return state.arguments(json::serialize(*arguments));
  state.reject("a tool call's `arguments` is no string");
}

/// A fragment belongs to the call before it, unless its index or id says that a new one begins.
/// Some servers give no index, or 0 to each.
void OpenAiReader::read_call(const json::value& call) {
  const json::value* index_value = find(call, "index");
  const std::optional<std::int64_t> given = find_int(call, "index");
  if (index_value != nullptr && (!given || *given < 0))
    return state.reject("a tool call's `index` is no count");
  const std::string id = find_text(call, "id");
  const bool first = call_index_ < 0;
  const std::int64_t index = given.value_or(first ? 0 : call_index_);
  const bool new_id = !id.empty() && id != call_id_;
  if (!first && index < call_index_ && !new_id) return state.reject("tool calls are mixed");
  const json::value* function = find(call, "function");
  if (first || index != call_index_ || new_id) {
    state.begin_call(id, function == nullptr ? std::string() : find_text(*function, "name"));
    call_index_ = index;
    call_id_ = id;
  }
  if (function != nullptr) read_arguments(*function);
}

void OpenAiReader::read_calls(const json::value& calls) {
  if (!calls.is_array()) return state.reject("`tool_calls` is no list");
  for (const json::value& call : calls.get_array()) {
    if (state.ended()) return;
    read_call(call);
  }
}

void OpenAiReader::read_message(const json::value& message, json::array logprobs) {
  if (!message.is_object()) return state.reject("a message is no object");
  const bool thought = find(message, "reasoning_content") != nullptr;
  if (!read_text(message, thought ? "reasoning_content" : "reasoning", &AnswerState::thinking))
    return;
  const json::value* content = find(message, "content");
  if (content != nullptr && !content->is_string()) return state.reject("`content` is no string");
  state.text(content == nullptr ? std::string_view() : std::string_view(content->get_string()),
             std::move(logprobs));
  if (!read_text(message, "refusal", &AnswerState::refusal)) return;
  if (find(message, "function_call") != nullptr)
    return state.reject("`function_call` was not asked for");
  if (const json::value* calls = find(message, "tool_calls")) read_calls(*calls);
}

void OpenAiReader::read_choice(const json::value& choice, std::string_view message_key) {
  json::array logprobs;
  if (const json::value* found = find(choice, "logprobs"))
    if (const json::value* entries = find(*found, "content"); entries && entries->is_array())
      logprobs = entries->get_array();
  state.start({}, {});
  if (const json::value* message = find(choice, message_key))
    read_message(*message, std::move(logprobs));
  const json::value* reason = find(choice, "finish_reason");
  if (reason == nullptr) return;
  if (!reason->is_string()) return state.reject("`finish_reason` is no string");
  const std::string_view word = reason->get_string();
  state.set_finish(cause_of(word), {}, std::string(word));
}

void OpenAiReader::read_item(std::string_view data) {
  if (data == "[DONE]") return read_done();
  const Result<json::value> chunk = parse_upstream_json(data, "an event");
  if (!chunk) return state.reject(chunk.error().message);
  if (!chunk->is_object()) return state.reject("an event is no object");
  if (!read_envelope(*chunk)) return;
  if (const json::value* choice = only_choice(*chunk)) read_choice(*choice, "delta");
}

void OpenAiReader::read_whole(const json::value& body) {
  if (!read_envelope(body)) return;
  const json::value* choice = only_choice(body);
  if (choice == nullptr) return;
  if (find(*choice, "message") == nullptr) return state.reject("the choice has no message");
  read_choice(*choice, "message");
  state.complete();
}

}  // namespace

std::unique_ptr<DialectReader> make_openai_reader(const ReaderOptions& options) {
  return std::make_unique<OpenAiReader>(options);
}

}  // namespace croft::dialects
