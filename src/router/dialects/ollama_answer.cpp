// Ollama /api/chat: one JSON object a line, or a whole answer, which has the same shape.
#include <memory>
#include <utility>

#include "router/dialects/answer_state.h"
#include "router/dialects/line_splitter.h"
#include "router/dialects/upstream_error.h"
#include "router/dialects/upstream_json.h"

namespace croft::dialects {
namespace {

class OllamaReader final : public DialectReader {
 public:
  explicit OllamaReader(const ReaderOptions& options)
      : DialectReader(options), lines_(LineEnding::LineFeed, options.event_bytes_max) {}

  void read_item(std::string_view data) override;
  void read_whole(const json::value& body) override;

 private:
  Result<void> split(std::string_view bytes) override;
  void read_rest() override;
  void read_object(const json::value& object);
  void read_message(const json::value& message, json::array logprobs);
  void read_call(const json::value& call);
  void read_end(const json::value& object);
  void read_text(const json::value& message, std::string_view key, json::array logprobs);

  LineSplitter lines_;
};

Result<void> OllamaReader::split(std::string_view bytes) {
  return lines_.feed(bytes, [this](std::string_view line) {
    if (line.find_first_not_of(" \t") != std::string_view::npos) read_item(line);
    return !state.ended();
  });
}

void OllamaReader::read_call(const json::value& call) {
  const json::value* function = find(call, "function");
  if (function == nullptr) return state.reject("a tool call has no function");
  state.begin_call(find_text(call, "id"), find_text(*function, "name"));
  const json::value* arguments = find(*function, "arguments");
  if (arguments == nullptr) return;
  if (!arguments->is_object()) return state.reject("a tool call's `arguments` is no object");
  state.arguments(json::serialize(*arguments));
}

void OllamaReader::read_text(const json::value& message, std::string_view key,
                             json::array logprobs) {
  const json::value* value = find(message, key);
  if (value != nullptr && !value->is_string())
    return state.reject("`" + std::string(key) + "` is no string");
  const std::string_view text =
      value == nullptr ? std::string_view() : std::string_view(value->get_string());
  if (key == "thinking")
    state.thinking(text);
  else
    state.text(text, std::move(logprobs));
}

void OllamaReader::read_message(const json::value& message, json::array logprobs) {
  if (!message.is_object()) return state.reject("`message` is no object");
  read_text(message, "thinking", {});
  read_text(message, "content", std::move(logprobs));
  const json::value* calls = find(message, "tool_calls");
  if (calls == nullptr || state.ended()) return;
  if (!calls->is_array()) return state.reject("`tool_calls` is no list");
  for (const json::value& call : calls->get_array()) {
    read_call(call);
    if (state.ended()) return;
  }
}

void OllamaReader::read_end(const json::value& object) {
  Usage usage;
  usage.prompt_tokens = find_count(object, "prompt_eval_count");
  usage.completion_tokens = find_count(object, "eval_count");
  state.set_usage(usage);
  const std::string word = find_text(object, "done_reason");
  state.set_finish(word == "length" ? FinishCause::Length : FinishCause::Stop, {}, word);
  state.complete();
}

void OllamaReader::read_object(const json::value& object) {
  if (const json::value* error = find(object, "error"))
    return state.fail(read_stream_error(Dialect::Ollama, *error));
  const json::value* message = find(object, "message");
  const bool done = find_bool(object, "done").value_or(false);
  if (message == nullptr && !done) return state.reject("a line has neither message nor end");
  state.start({}, find_text(object, "model"));
  json::array logprobs;
  if (const json::value* found = find(object, "logprobs"); found != nullptr && found->is_array())
    logprobs = found->get_array();
  if (message != nullptr) read_message(*message, std::move(logprobs));
  if (done) read_end(object);
}

void OllamaReader::read_item(std::string_view data) {
  const Result<json::value> object = parse_upstream_json(data, "a line");
  if (!object) return state.reject(object.error().message);
  if (!object->is_object()) return state.reject("a line is no object");
  read_object(*object);
}

/// The last line may lack its ending. Half a line is a cut, no wrong dialect.
void OllamaReader::read_rest() {
  const Result<json::value> object = parse_upstream_json(lines_.rest(), "a line");
  if (object && object->is_object()) read_object(*object);
}

void OllamaReader::read_whole(const json::value& body) {
  read_object(body);
}

}  // namespace

std::unique_ptr<DialectReader> make_ollama_reader(const ReaderOptions& options) {
  return std::make_unique<OllamaReader>(options);
}

}  // namespace croft::dialects
