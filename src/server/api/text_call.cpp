#include "server/api/text_call.h"

#include <algorithm>
#include <utility>

#include "server/api/json_error.h"

namespace croft {
namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void TextCall::start(TextCallContext context, TextRequest request,
                     std::shared_ptr<ResponseWriter> writer) {
  auto call = std::make_shared<TextCall>(std::move(context), std::move(request), writer);
  // Submitting on the connection's thread puts every event of the engine behind begin().
  writer->post([call] { call->submit(); });
}

TextCall::TextCall(TextCallContext context, TextRequest request,
                   std::shared_ptr<ResponseWriter> writer)
    : context_(std::move(context)), request_(std::move(request)), writer_(std::move(writer)) {
  const bool chat = request_.dialect == TextDialect::Chat;
  envelope_ = {.dialect = request_.dialect,
               .id = random_id(chat ? "chatcmpl-" : "cmpl-"),
               .created = unix_seconds(),
               .model = context_.model_name,
               .fingerprint = context_.engine->fingerprint(),
               .usage_in_chunks = request_.stream && request_.include_usage};
  const std::size_t count = request_.prompts.size() * request_.choices_per_prompt;
  const CompletionLogprobs logprobs(context_.engine->tokenizer(),
                                    {.as_ids = request_.token_ids_as_text,
                                     .special_in_text = request_.generation.special_tokens_in_text,
                                     .at_text_start = request_.echo});
  choices_.assign(count, Choice{.text = {},
                                .logprobs = {},
                                .completion_logprobs = logprobs,
                                .usage = {},
                                .reason = FinishReason::EndToken,
                                .last_token = {},
                                .has_token = false,
                                .done = false});
}

const TextPrompt& TextCall::prompt_of(std::size_t index) const {
  return request_.prompts[index / request_.choices_per_prompt];
}

void TextCall::submit() {
  for (std::size_t index = 0; index < choices_.size(); ++index) {
    if (Result<void> submitted = submit_choice(index); !submitted) {
      ended_ = true;
      writer_->cancel().request_stop();  // the choices that did get in
      writer_->send(error_response(submitted.error()));
      return;
    }
  }
  begin();
}

Result<void> TextCall::submit_choice(std::size_t index) {
  GenerationRequest request = request_.generation;
  request.prompt = prompt_of(index).tokens;
  request.sampling.seed += index;
  request.cancel = writer_->cancel().get_token();
  return context_.engine->generate(
      std::move(request), [self = shared_from_this(), index](GenerationEvent event) {
        self->writer_->post([self, index, event = std::move(event)]() mutable {
          self->on_event(index, std::move(event));
        });
      });
}

void TextCall::begin() {
  for (const TextPrompt& prompt : request_.prompts)
    writer_->record().prompt_tokens += prompt.tokens.size();
  writer_->record().streamed = request_.stream;
  if (request_.stream) {
    HttpResponse head;
    head.content_type = "text/event-stream";
    head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
    writer_->begin_stream(std::move(head));
    if (request_.dialect == TextDialect::Chat)
      for (std::size_t index = 0; index < choices_.size(); ++index)
        send_chunk(role_chunk(envelope_, index));
  }
  if (request_.echo && !request_.generation.prompt_logprobs)
    for (std::size_t index = 0; index < choices_.size(); ++index)
      give_text(index, prompt_of(index).text, {});
}

void TextCall::on_event(std::size_t index, GenerationEvent event) {
  if (const auto* done = std::get_if<GenerationDone>(&event)) note_usage(done->usage);
  if (ended_) return;
  if (const auto* prompt = std::get_if<PromptDone>(&event))
    on_prompt(index, *prompt);
  else if (const auto* delta = std::get_if<TextDelta>(&event))
    on_delta(index, *delta);
  else if (const auto* done = std::get_if<GenerationDone>(&event))
    on_done(index, *done);
  else
    fail_call(std::get<Error>(event));
}

/// Also of a choice that nobody waits for any more: it was computed.
void TextCall::note_usage(const GenerationUsage& usage) {
  RequestRecord& record = writer_->record();
  record.compute_seconds += usage.compute_seconds;
  record.queue_seconds = std::max(record.queue_seconds, usage.queue_seconds);
}

void TextCall::on_prompt(std::size_t index, const PromptDone& prompt) {
  if (request_.generation.prompt_logprobs) give_text(index, prompt_of(index).text, prompt.logprobs);
}

void TextCall::on_delta(std::size_t index, const TextDelta& delta) {
  Choice& choice = choices_[index];
  if (!delta.tokens.empty()) count_tokens(choice, delta.tokens.size());
  if (!delta.text.empty() || !delta.logprobs.empty()) give_text(index, delta.text, delta.logprobs);
}

void TextCall::count_tokens(Choice& choice, std::size_t tokens_count) {
  const Clock::time_point now = Clock::now();
  if (!choice.has_token) {
    context_.metrics->first_token(context_.route, seconds_between(started_, now));
    if (!writer_->record().first_token_seconds)
      writer_->record().first_token_seconds = seconds_between(started_, now);
  } else {
    const double each = seconds_between(choice.last_token, now) / static_cast<double>(tokens_count);
    context_.metrics->inter_token(context_.route, each);
  }
  choice.has_token = true;
  choice.last_token = now;
  writer_->record().generated_tokens += tokens_count;
}

void TextCall::give_text(std::size_t index, std::string_view text,
                         std::span<const TokenLogprob> logprobs) {
  Choice& choice = choices_[index];
  const bool chat = request_.dialect == TextDialect::Chat;
  json::object piece;
  if (!logprobs.empty())
    piece = chat ? chat_logprobs(context_.engine->tokenizer(), logprobs, request_.token_ids_as_text)
                 : choice.completion_logprobs.next(logprobs);
  if (request_.stream) {
    json::value value = piece.empty() ? json::value() : json::value(std::move(piece));
    send_chunk(text_chunk(envelope_, index, replace_invalid_utf8(text), std::move(value)));
    return;
  }
  choice.text += text;
  if (piece.empty()) return;
  if (chat)
    append_chat_logprobs(choice.logprobs, std::move(piece));
  else
    append_completion_logprobs(choice.logprobs, std::move(piece));
}

void TextCall::send_chunk(json::object chunk) {
  add_warnings(chunk, std::exchange(request_.warnings, {}));  // in the first chunk only
  writer_->write(format_event(chunk));
}

void TextCall::on_done(std::size_t index, const GenerationDone& done) {
  if (done.reason == FinishReason::Cancelled) {
    fail_call({ErrorCode::Cancelled, "the generation was cancelled", {}, {}});
    return;
  }
  Choice& choice = choices_[index];
  choice.reason = done.reason;
  choice.usage = done.usage;
  choice.done = true;
  context_.metrics->generation_done(context_.route, finish_reason_text(done.reason), done.usage);
  if (request_.stream) send_chunk(finish_chunk(envelope_, index, done.reason));
  if (++done_count_ == choices_.size()) finish();
}

TextUsage TextCall::total_usage() const {
  TextUsage usage;
  for (const TextPrompt& prompt : request_.prompts) usage.prompt_tokens += prompt.tokens.size();
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    usage.completion_tokens += choices_[i].usage.completion_tokens;
    // A prompt counts once, however many choices share it: so does what of it was found.
    if (i % request_.choices_per_prompt == 0)
      usage.cached_tokens += choices_[i].usage.cached_tokens;
  }
  return usage;
}

void TextCall::finish() {
  ended_ = true;
  const TextUsage usage = total_usage();
  writer_->record().generated_tokens = usage.completion_tokens;
  writer_->record().cached_tokens = usage.cached_tokens;
  if (request_.stream) {
    if (request_.include_usage) send_chunk(usage_chunk(envelope_, usage));
    writer_->write(std::string(done_event()));
    writer_->end_stream(true);
    return;
  }
  json::array choices;
  for (std::size_t index = 0; index < choices_.size(); ++index) {
    Choice& choice = choices_[index];
    json::value logprobs;
    if (!choice.logprobs.empty())
      logprobs = std::move(choice.logprobs);
    else if (request_.generation.logprobs)  // asked for, but no token came
      logprobs = request_.dialect == TextDialect::Chat
                     ? chat_logprobs(context_.engine->tokenizer(), {}, false)
                     : choice.completion_logprobs.next({});
    choices.push_back(whole_choice(request_.dialect, index, replace_invalid_utf8(choice.text),
                                   std::move(logprobs), choice.reason));
  }
  HttpResponse response;
  json::object answer = whole_answer(envelope_, std::move(choices), usage);
  add_warnings(answer, request_.warnings);
  response.body = json::serialize(answer);
  writer_->send(std::move(response));
}

void TextCall::fail_call(const Error& error) {
  ended_ = true;
  writer_->cancel().request_stop();
  if (!request_.stream) {
    writer_->send(error_response(error));
    return;
  }
  writer_->post([writer = writer_] { writer->record().failed = true; });
  writer_->write(format_event(json::object{{"error", error_json(error)}}));
  writer_->end_stream(false);
}

}  // namespace croft
