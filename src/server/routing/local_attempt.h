#pragma once
/// The local model as one more provider: its engine's events in the form in which upstreams answer,
/// with each token's log-probability for who judges the answer.

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "router/dialects/chat_exchange.h"
#include "server/api/text_request.h"
#include "server/http.h"
#include "server/model_house.h"

namespace croft {

/// Hears of one local answer, on the connection's thread.
class LocalListener {
 public:
  virtual ~LocalListener() = default;
  /// Each token before the text that it becomes. `text_bytes`: the answer's length with it.
  virtual void on_token(const TokenLogprob& token, std::size_t text_bytes) = 0;
  virtual void on_local(dialects::AnswerEvent event) = 0;
};

/// One sequence. Everything but start() happens on the connection's thread.
class LocalAttempt : public std::enable_shared_from_this<LocalAttempt> {
 public:
  /// `request`: one prompt, one choice. The listener is kept until the end or cancel(). Errors:
  /// those of generate().
  static Result<std::shared_ptr<LocalAttempt>> start(ModelLease engine, TextRequest request,
                                                     std::shared_ptr<ResponseWriter> writer,
                                                     std::shared_ptr<LocalListener> listener);
  LocalAttempt(ModelLease engine, std::shared_ptr<ResponseWriter> writer,
               std::shared_ptr<LocalListener> listener);

  /// The engine stops within a token; no event follows.
  void cancel();
  [[nodiscard]] std::size_t tokens() const { return tokens_; }
  [[nodiscard]] const GenerationUsage& usage() const { return usage_; }

 private:
  void on_event(GenerationEvent event);

  ModelLease engine_;
  std::shared_ptr<ResponseWriter> writer_;
  std::shared_ptr<LocalListener> listener_;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> client_left_;
  std::size_t tokens_ = 0;
  std::size_t text_bytes_ = 0;
  GenerationUsage usage_;
  bool over_ = false;
};

}  // namespace croft
