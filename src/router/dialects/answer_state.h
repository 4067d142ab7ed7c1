#pragma once
/// What the readers of answers share: the order of events, the limits, whole characters. A part of
/// answer_reader.h.

#include <string>
#include <string_view>
#include <vector>

#include "router/dialects/answer_reader.h"
#include "router/dialects/chat_exchange.h"
#include "router/dialects/utf8_joiner.h"

namespace croft::dialects {

/// Everything after Finished or Failed is ignored, so that callers need not ask each time.
class AnswerState {
 public:
  explicit AnswerState(const ReaderOptions& options) : options_(options) {}

  /// Where events go; set before anything else is called.
  void write_to(std::vector<AnswerEvent>& events) { events_ = &events; }

  /// The first call counts. Content without it starts an answer without id and model.
  void start(std::string id, std::string model, const Usage& usage = {});
  void text(std::string_view piece, json::array logprobs = {});
  void refusal(std::string_view piece);
  void thinking(std::string_view piece);
  void signature(std::string text);
  void redacted(std::string data);
  void begin_call(std::string id, std::string name);
  void arguments(std::string_view piece);  ///< of the call that began last

  void set_usage(const Usage& usage) { usage_ = usage; }
  void set_finish(FinishCause cause, std::string stop_sequence, std::string upstream_word);
  [[nodiscard]] bool has_finish() const { return has_finish_; }
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const ReaderOptions& options() const { return options_; }

  /// Gives Usage and Finished.
  void complete();
  void fail(Failed failure);
  /// Failed, because this is not the dialect.
  void reject(std::string_view complaint);
  /// Failed, because the bytes ended too early. Gives what usage is known before: it was paid for.
  void cut();

 private:
  enum class Channel : std::uint8_t { None, Text, Refusal, Thinking, Arguments };
  void piece(Channel channel, std::string_view text, json::array logprobs = {});
  void emit(Channel channel, std::string text, json::array logprobs);
  void close_channel();
  void give_usage();
  bool count_bytes(std::size_t bytes);

  ReaderOptions options_;
  std::vector<AnswerEvent>* events_ = nullptr;
  Utf8Joiner joiner_;
  Channel channel_ = Channel::None;
  std::size_t calls_count_ = 0;
  std::size_t bytes_count_ = 0;
  Usage usage_;
  Finished finish_;
  bool started_ = false;
  bool has_finish_ = false;
  bool call_open_ = false;  ///< the call that began last may still get arguments
  bool ended_ = false;
};

/// One dialect's way. feed() and finish() of AnswerReader, without the vector.
class DialectReader {
 public:
  explicit DialectReader(const ReaderOptions& options) : state(options) {}
  virtual ~DialectReader() = default;
  /// `data` of a server-sent event, or a line. Empty ones are not given.
  virtual void read_item(std::string_view data) = 0;
  virtual void read_whole(const json::value& body) = 0;
  void feed(std::string_view bytes);
  void finish();

  AnswerState state;

 private:
  /// The stream is over: what came after the last item.
  virtual void read_rest() {}
  virtual Result<void> split(std::string_view bytes) = 0;
  std::string body_;  ///< of Delivery::Whole
};

[[nodiscard]] std::unique_ptr<DialectReader> make_openai_reader(const ReaderOptions& options);
[[nodiscard]] std::unique_ptr<DialectReader> make_anthropic_reader(const ReaderOptions& options);
[[nodiscard]] std::unique_ptr<DialectReader> make_ollama_reader(const ReaderOptions& options);

}  // namespace croft::dialects
