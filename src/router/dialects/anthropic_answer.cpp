// Anthropic messages: events of a stream, and whole answers.
#include <memory>
#include <utility>

#include "router/dialects/answer_state.h"
#include "router/dialects/event_stream.h"
#include "router/dialects/upstream_error.h"
#include "router/dialects/upstream_json.h"

namespace croft::dialects {
namespace {

/// Its own counts: input_tokens leaves out what a cache had or got.
struct Counts {
  std::optional<std::int64_t> input = {};
  std::optional<std::int64_t> cache_write = {};
  std::optional<std::int64_t> cache_read = {};
  std::optional<std::int64_t> output = {};
  std::optional<std::int64_t> thinking = {};
};

void read_input_counts(const json::value& usage, Counts& counts) {
  const auto take = [&](std::string_view key, std::optional<std::int64_t>& count) {
    if (const auto found = find_count(usage, key)) count = found;
  };
  take("input_tokens", counts.input);
  take("cache_creation_input_tokens", counts.cache_write);
  take("cache_read_input_tokens", counts.cache_read);
}

void read_output_counts(const json::value& usage, Counts& counts) {
  if (const auto found = find_count(usage, "output_tokens")) counts.output = found;
  if (const json::value* details = find(usage, "output_tokens_details"))
    if (const auto found = find_count(*details, "thinking_tokens")) counts.thinking = found;
}

Usage usage_of(const Counts& counts) {
  Usage out;
  // Each is below 2^53 (find_count), so the sum does not wrap.
  if (counts.input)
    out.prompt_tokens =
        *counts.input + counts.cache_write.value_or(0) + counts.cache_read.value_or(0);
  out.cached_tokens = counts.cache_read;
  out.cache_write_tokens = counts.cache_write;
  out.completion_tokens = counts.output;
  out.reasoning_tokens = counts.thinking;
  return out;
}

FinishCause cause_of(std::string_view word) {
  if (word == "max_tokens" || word == "model_context_window_exceeded") return FinishCause::Length;
  if (word == "stop_sequence") return FinishCause::StopSequence;
  if (word == "tool_use") return FinishCause::ToolCalls;
  if (word == "refusal") return FinishCause::ContentFilter;
  return FinishCause::Stop;
}

class AnthropicReader final : public DialectReader {
 public:
  explicit AnthropicReader(const ReaderOptions& options)
      : DialectReader(options), events_(options.event_bytes_max) {}

  void read_item(std::string_view data) override;
  void read_whole(const json::value& body) override;

 private:
  Result<void> split(std::string_view bytes) override;
  void read_event(std::string_view type, const json::value& event);
  void read_start(const json::value& event);
  void read_block_start(const json::value& event);
  void read_block(const json::value& block);
  void read_block_delta(const json::value& event);
  void read_delta(std::string_view type, const json::value& delta);
  void read_block_stop(const json::value& event);
  void read_message_delta(const json::value& event);
  void read_stop_reason(const json::value& holder);
  [[nodiscard]] std::string_view piece(const json::value& holder, std::string_view key);

  EventStream events_;
  Counts counts_;
  std::optional<std::int64_t> open_block_;
  std::string open_type_;
  std::string whole_input_;  ///< of a tool_use block that began with its input
  bool has_arguments_ = false;
};

Result<void> AnthropicReader::split(std::string_view bytes) {
  return events_.feed(bytes, [this](const StreamEvent& event) {
    if (!event.data.empty()) read_item(event.data);
    return !state.ended();
  });
}

std::string_view AnthropicReader::piece(const json::value& holder, std::string_view key) {
  const std::optional<std::string_view> text = find_string(holder, key);
  if (!text) state.reject("`" + std::string(key) + "` is missing or no string");
  return text.value_or(std::string_view());
}

void AnthropicReader::read_start(const json::value& event) {
  if (state.started()) return state.reject("it begins twice");
  const json::value* message = find(event, "message");
  if (message == nullptr || !message->is_object())
    return state.reject("`message` is missing or no object");
  // Its output_tokens is only a beginning; the end's counts.
  if (const json::value* usage = find(*message, "usage")) read_input_counts(*usage, counts_);
  // No prompt has 0 tokens: so says who does not know them yet, as a gateway before other dialects.
  if (usage_of(counts_).prompt_tokens == 0) counts_ = {};
  const Usage usage = usage_of(counts_);
  state.start(find_text(*message, "id"), find_text(*message, "model"), usage);
  state.set_usage(usage);
}

void AnthropicReader::read_block(const json::value& block) {
  const std::string_view type = open_type_;
  if (type == "text") {
    state.text(piece(block, "text"));
  } else if (type == "thinking") {
    state.thinking(piece(block, "thinking"));
    state.signature(find_text(block, "signature"));
  } else if (type == "redacted_thinking") {
    state.redacted(std::string(piece(block, "data")));
  } else if (type == "tool_use") {
    state.begin_call(find_text(block, "id"), find_text(block, "name"));
    const json::value* input = find(block, "input");
    if (input != nullptr && !input->is_object()) return state.reject("`input` is no object");
    if (input != nullptr && !input->get_object().empty()) whole_input_ = json::serialize(*input);
  } else {
    state.reject("a block of type " + quoted_words(type) + " was not asked for");
  }
}

void AnthropicReader::read_block_start(const json::value& event) {
  const std::optional<std::int64_t> index = find_int(event, "index");
  const json::value* block = find(event, "content_block");
  if (!state.started()) return state.reject("a block comes before message_start");
  if (open_block_) return state.reject("a block begins within another");
  if (!index || *index < 0 || block == nullptr || !block->is_object())
    return state.reject("content_block_start lacks its index or block");
  open_block_ = index;
  open_type_ = find_text(*block, "type");
  whole_input_.clear();
  has_arguments_ = false;
  read_block(*block);
}

void AnthropicReader::read_delta(std::string_view type, const json::value& delta) {
  if (type == "text_delta" && open_type_ == "text") {
    state.text(piece(delta, "text"));
  } else if (type == "thinking_delta" && open_type_ == "thinking") {
    state.thinking(piece(delta, "thinking"));
  } else if (type == "signature_delta" && open_type_ == "thinking") {
    state.signature(std::string(piece(delta, "signature")));
  } else if (type == "input_json_delta" && open_type_ == "tool_use") {
    const std::string_view text = piece(delta, "partial_json");
    has_arguments_ = has_arguments_ || !text.empty();
    state.arguments(text);
  } else {
    state.reject("a delta of type " + quoted_words(type) + " does not fit its block");
  }
}

void AnthropicReader::read_block_delta(const json::value& event) {
  const json::value* delta = find(event, "delta");
  if (!open_block_ || find_int(event, "index") != open_block_)
    return state.reject("a delta belongs to no open block");
  if (delta == nullptr) return state.reject("content_block_delta lacks its delta");
  const std::string type = find_text(*delta, "type");
  read_delta(type, *delta);
}

void AnthropicReader::read_block_stop(const json::value& event) {
  if (!open_block_ || find_int(event, "index") != open_block_)
    return state.reject("content_block_stop belongs to no open block");
  if (!has_arguments_ && !whole_input_.empty()) state.arguments(whole_input_);
  open_block_.reset();
}

void AnthropicReader::read_stop_reason(const json::value& holder) {
  const std::string word = find_text(holder, "stop_reason");
  if (word == "pause_turn") return state.reject("it pauses, and no server tool was asked for");
  if (!word.empty()) state.set_finish(cause_of(word), find_text(holder, "stop_sequence"), word);
}

void AnthropicReader::read_message_delta(const json::value& event) {
  if (!state.started()) return state.reject("message_delta comes before message_start");
  if (const json::value* usage = find(event, "usage")) {
    read_input_counts(*usage, counts_);
    read_output_counts(*usage, counts_);
    state.set_usage(usage_of(counts_));
  }
  if (const json::value* delta = find(event, "delta")) read_stop_reason(*delta);
}

void AnthropicReader::read_event(std::string_view type, const json::value& event) {
  if (type == "message_start") return read_start(event);
  if (type == "content_block_start") return read_block_start(event);
  if (type == "content_block_delta") return read_block_delta(event);
  if (type == "content_block_stop") return read_block_stop(event);
  if (type == "message_delta") return read_message_delta(event);
  if (type == "message_stop") {
    if (!state.has_finish()) return state.reject("message_stop comes without a stop_reason");
    return state.complete();
  }
  if (type == "error") {
    const json::value* error = find(event, "error");
    return state.fail(read_stream_error(Dialect::Anthropic, error == nullptr ? event : *error));
  }
  // ping; and its documentation asks to pass over events that are not known yet.
}

void AnthropicReader::read_item(std::string_view data) {
  const Result<json::value> event = parse_upstream_json(data, "an event");
  if (!event) return state.reject(event.error().message);
  const std::string type = find_text(*event, "type");
  if (type.empty()) return state.reject("an event has no type");
  read_event(type, *event);
}

void AnthropicReader::read_whole(const json::value& body) {
  if (const json::value* error = find(body, "error"))
    return state.fail(read_stream_error(Dialect::Anthropic, *error));
  const json::value* content = find(body, "content");
  if (content == nullptr || !content->is_array())
    return state.reject("`content` is missing or no list");
  state.start(find_text(body, "id"), find_text(body, "model"));
  for (const json::value& block : content->get_array()) {
    open_type_ = find_text(block, "type");
    whole_input_.clear();
    read_block(block);
    if (!whole_input_.empty()) state.arguments(whole_input_);
    if (state.ended()) return;
  }
  if (const json::value* usage = find(body, "usage")) {
    read_input_counts(*usage, counts_);
    read_output_counts(*usage, counts_);
    state.set_usage(usage_of(counts_));
  }
  read_stop_reason(body);
  if (!state.has_finish()) return state.reject("`stop_reason` is missing");
  state.complete();
}

}  // namespace

std::unique_ptr<DialectReader> make_anthropic_reader(const ReaderOptions& options) {
  return std::make_unique<AnthropicReader>(options);
}

}  // namespace croft::dialects
