#pragma once
/// One chat or completion request on its way through the engine: n sequences in, one answer or one
/// event stream out.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/api/logprobs.h"
#include "server/api/text_request.h"
#include "server/api/text_shape.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/model_house.h"

namespace croft {

/// What a call needs of the server.
struct TextCallContext {
  /// A lease: it keeps the model loaded and ends with the call, on whatever thread that is (often
  /// the engine's own). It does not own the engine: the last owner joins the engine's thread.
  ModelLease engine;
  ModelMetrics* metrics = nullptr;  ///< outlives every call
  std::string model_name;
  std::string route;
};

/// Lives as long as the engine or the connection may still send it something. After start,
/// everything happens on the connection's thread.
class TextCall : public std::enable_shared_from_this<TextCall> {
 public:
  /// Submits every choice and answers through `writer`, now or later.
  static void start(TextCallContext context, TextRequest request,
                    std::shared_ptr<ResponseWriter> writer);

  TextCall(TextCallContext context, TextRequest request, std::shared_ptr<ResponseWriter> writer);

 private:
  using Clock = std::chrono::steady_clock;

  struct Choice {
    std::string text;
    json::object logprobs;  ///< lists so far; empty without log-probabilities
    CompletionLogprobs completion_logprobs;
    GenerationUsage usage;
    FinishReason reason = FinishReason::EndToken;
    Clock::time_point last_token;
    bool has_token = false;
    bool done = false;
  };

  void submit();
  Result<void> submit_choice(std::size_t index);
  void begin();
  void on_event(std::size_t index, GenerationEvent event);
  void note_usage(const GenerationUsage& usage);
  void on_prompt(std::size_t index, const PromptDone& prompt);
  void on_delta(std::size_t index, const TextDelta& delta);
  void on_done(std::size_t index, const GenerationDone& done);
  void count_tokens(Choice& choice, std::size_t tokens_count);
  /// Adds to the answer, or sends as a chunk.
  void give_text(std::size_t index, std::string_view text, std::span<const TokenLogprob> logprobs);
  void send_chunk(json::object chunk);
  void finish();
  void fail_call(const Error& error);
  [[nodiscard]] const TextPrompt& prompt_of(std::size_t index) const;
  [[nodiscard]] TextUsage total_usage() const;

  TextCallContext context_;
  TextRequest request_;
  std::shared_ptr<ResponseWriter> writer_;
  TextEnvelope envelope_;
  std::vector<Choice> choices_;
  Clock::time_point started_ = Clock::now();
  std::size_t done_count_ = 0;
  bool ended_ = false;  ///< answered or failed; later events are of no interest
};

}  // namespace croft
