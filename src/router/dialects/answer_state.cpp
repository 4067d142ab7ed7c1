#include "router/dialects/answer_state.h"

#include <utility>

#include "router/dialects/upstream_json.h"
#include "text/utf8.h"

namespace croft::dialects {
namespace {

std::string mended(std::string text) {
  if (utf8::is_valid(text)) return text;
  return utf8::repair(text, utf8::Invalid::MaximalSubpart);
}

}  // namespace

void AnswerState::start(std::string id, std::string model, const Usage& usage) {
  if (ended_ || started_) return;
  started_ = true;
  events_->push_back(Started{mended(std::move(id)), mended(std::move(model)), usage});
}

void AnswerState::emit(Channel channel, std::string text, json::array logprobs) {
  switch (channel) {
    case Channel::None:
      return;
    case Channel::Text:
      if (!text.empty() || !logprobs.empty())
        events_->push_back(TextDelta{std::move(text), std::move(logprobs)});
      return;
    case Channel::Refusal:
      if (!text.empty()) events_->push_back(RefusalDelta{std::move(text)});
      return;
    case Channel::Thinking:
      if (!text.empty()) events_->push_back(ThinkingDelta{std::move(text)});
      return;
    case Channel::Arguments:
      if (!text.empty()) events_->push_back(ToolCallArguments{calls_count_ - 1, std::move(text)});
      return;
  }
}

void AnswerState::close_channel() {
  emit(channel_, joiner_.flush(), {});
  channel_ = Channel::None;
}

bool AnswerState::count_bytes(std::size_t bytes) {
  if (bytes <= options_.answer_bytes_max - bytes_count_) {
    bytes_count_ += bytes;
    return true;
  }
  reject("the answer is longer than " + std::to_string(options_.answer_bytes_max) + " bytes");
  return false;
}

void AnswerState::piece(Channel channel, std::string_view text, json::array logprobs) {
  if (ended_ || (text.empty() && logprobs.empty())) return;
  if (has_finish_) return reject("it goes on after its end");
  start({}, {});
  if (!count_bytes(text.size())) return;
  if (channel != channel_) close_channel();
  channel_ = channel;
  call_open_ = channel == Channel::Arguments;
  for (json::value& entry : logprobs) entry = mended_json(entry);
  emit(channel, joiner_.push(text), std::move(logprobs));
}

void AnswerState::text(std::string_view text, json::array logprobs) {
  piece(Channel::Text, text, std::move(logprobs));
}
void AnswerState::refusal(std::string_view text) {
  piece(Channel::Refusal, text);
}
void AnswerState::thinking(std::string_view text) {
  piece(Channel::Thinking, text);
}
void AnswerState::arguments(std::string_view text) {
  if (!call_open_ && !text.empty()) return reject("arguments belong to no open tool call");
  piece(Channel::Arguments, text);
}

void AnswerState::signature(std::string text) {
  if (ended_ || text.empty() || !count_bytes(text.size())) return;
  close_channel();
  events_->push_back(ThinkingSignature{mended(std::move(text))});
}

void AnswerState::redacted(std::string data) {
  if (ended_ || !count_bytes(data.size())) return;
  start({}, {});
  close_channel();
  call_open_ = false;
  events_->push_back(RedactedThinking{mended(std::move(data))});
}

void AnswerState::begin_call(std::string id, std::string name) {
  if (ended_) return;
  if (has_finish_) return reject("it goes on after its end");
  if (name.empty()) return reject("a tool call has no name");
  if (calls_count_ >= options_.tool_calls_max)
    return reject("it has more than " + std::to_string(options_.tool_calls_max) + " tool calls");
  start({}, {});
  if (!count_bytes(id.size() + name.size())) return;
  close_channel();
  call_open_ = true;
  const std::size_t index = calls_count_++;
  if (id.empty()) id = options_.call_id_prefix + "_" + std::to_string(index);
  events_->push_back(ToolCallBegin{index, mended(std::move(id)), mended(std::move(name))});
}

void AnswerState::set_finish(FinishCause cause, std::string stop_sequence,
                             std::string upstream_word) {
  if (has_finish_) return;
  has_finish_ = true;
  finish_ = {cause, mended(std::move(stop_sequence)), quoted_words(upstream_word)};
}

void AnswerState::give_usage() {
  if (usage_ != Usage{}) events_->push_back(usage_);
}

void AnswerState::complete() {
  if (ended_) return;
  start({}, {});
  close_channel();
  give_usage();
  // Many servers say "stop" after a tool call, Ollama always.
  if (calls_count_ > 0 && finish_.cause == FinishCause::Stop)
    finish_.cause = FinishCause::ToolCalls;
  events_->push_back(finish_);
  ended_ = true;
}

void AnswerState::fail(Failed failure) {
  if (ended_) return;
  if (started_) {
    close_channel();
    give_usage();
  }
  events_->push_back(std::move(failure));
  ended_ = true;
}

void AnswerState::reject(std::string_view complaint) {
  Failed failure;
  failure.error = {ErrorCode::Io,
                   "the upstream's answer is not " + std::string(dialect_text(options_.dialect)) +
                       "'s: " + std::string(complaint),
                   "Check the address and the dialect of this upstream",
                   {}};
  failure.cause = FailureCause::Protocol;
  failure.retryable = true;
  fail(std::move(failure));
}

void AnswerState::cut() {
  Failed failure;
  failure.error = {
      ErrorCode::Io, "the upstream's answer ended in mid-stream", "Send the request again", {}};
  failure.cause = FailureCause::Cut;
  failure.retryable = true;
  fail(std::move(failure));
}

}  // namespace croft::dialects
