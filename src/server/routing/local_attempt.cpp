#include "server/routing/local_attempt.h"

#include <algorithm>
#include <utility>

#include "server/api/json_error.h"

namespace croft {
namespace {

dialects::Finished finished(FinishReason reason) {
  dialects::Finished end;
  if (reason == FinishReason::Length) end.cause = dialects::FinishCause::Length;
  // Which stop string it was the engine does not say; OpenAI's word covers both.
  end.upstream_word = finish_reason_text(reason);
  return end;
}

dialects::Failed failed(Error error) {
  dialects::Failed end;
  end.cause = error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::ContextOverflow
                  ? dialects::FailureCause::Request
              : error.code == ErrorCode::Busy || error.code == ErrorCode::Unavailable
                  ? dialects::FailureCause::Overload
                  : dialects::FailureCause::Server;
  end.error = std::move(error);
  return end;
}

}  // namespace

LocalAttempt::LocalAttempt(ModelLease engine, std::shared_ptr<ResponseWriter> writer,
                           std::shared_ptr<LocalListener> listener)
    : engine_(std::move(engine)), writer_(std::move(writer)), listener_(std::move(listener)) {}

Result<std::shared_ptr<LocalAttempt>> LocalAttempt::start(ModelLease engine, TextRequest request,
                                                          std::shared_ptr<ResponseWriter> writer,
                                                          std::shared_ptr<LocalListener> listener) {
  auto attempt = std::make_shared<LocalAttempt>(engine, std::move(writer), std::move(listener));
  GenerationRequest generation = std::move(request.generation);
  generation.prompt = std::move(request.prompts.front().tokens);
  generation.cancel = attempt->stop_.get_token();
  attempt->client_left_.emplace(attempt->writer_->cancel().get_token(),
                                [stop = attempt->stop_]() mutable { stop.request_stop(); });
  Result<void> submitted =
      engine->generate(std::move(generation), [attempt](GenerationEvent event) {
        attempt->writer_->post(
            [attempt, event = std::move(event)]() mutable { attempt->on_event(std::move(event)); });
      });
  if (!submitted) return std::unexpected(submitted.error());
  return attempt;
}

void LocalAttempt::cancel() {
  over_ = true;
  listener_ = nullptr;
  stop_.request_stop();
}

void LocalAttempt::on_event(GenerationEvent event) {
  const std::shared_ptr<LocalListener> listener = listener_;
  if (const auto* delta = std::get_if<TextDelta>(&event)) {
    tokens_ += delta->tokens.size();  // also of one that was cancelled: it is work that was done
    if (over_ || !listener) return;
    text_bytes_ += delta->text.size();
    for (const TokenLogprob& token : delta->logprobs) listener->on_token(token, text_bytes_);
    if (over_ || delta->text.empty()) return;
    listener->on_local(dialects::TextDelta{.text = replace_invalid_utf8(delta->text)});
    return;
  }
  if (const auto* done = std::get_if<GenerationDone>(&event)) {
    usage_ = done->usage;
    RequestRecord& record = writer_->record();  // also for what was thrown away
    record.compute_seconds += done->usage.compute_seconds;
    record.queue_seconds = std::max(record.queue_seconds, done->usage.queue_seconds);
    tokens_ = std::max(tokens_, done->usage.completion_tokens);
    client_left_.reset();
    if (over_ || !listener) return;
    over_ = true;
    listener_ = nullptr;
    if (done->reason == FinishReason::Cancelled) {
      listener->on_local(failed({ErrorCode::Cancelled, "the generation was cancelled", {}, {}}));
      return;
    }
    listener->on_local(dialects::Usage{
        .prompt_tokens = static_cast<std::int64_t>(done->usage.prompt_tokens),
        .cached_tokens = static_cast<std::int64_t>(done->usage.cached_tokens),
        .completion_tokens = static_cast<std::int64_t>(done->usage.completion_tokens)});
    listener->on_local(finished(done->reason));
    return;
  }
  if (auto* error = std::get_if<Error>(&event)) {
    client_left_.reset();
    if (over_ || !listener) return;
    over_ = true;
    listener_ = nullptr;
    listener->on_local(failed(std::move(*error)));
  }
}

}  // namespace croft
