#include "engine/sequence.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/check.h"

namespace croft {
namespace {

double seconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string_view finish_reason_text(FinishReason reason) {
  switch (reason) {
    case FinishReason::Length:
      return "length";
    case FinishReason::Cancelled:
      return "cancelled";
    case FinishReason::EndToken:
    case FinishReason::StopString:
      return "stop";
  }
  return "stop";
}

Error out_of_memory() {
  return {.code = ErrorCode::Unavailable,
          .message = "this machine ran out of memory",
          .hint = "Try again later, or serve with a smaller --context or --parallel.",
          .field = {}};
}

Sequence::Sequence(GenerationRequest request_in, GenerationSink sink_in, const Tokenizer& tokenizer,
                   KvPool& pool, SteadyTime submitted_at)
    : ScheduledJob(pool),
      request_(std::move(request_in)),
      sink_(std::move(sink_in)),
      tokens_(request_.prompt),
      sampler_(request_.sampling, request_.prompt),
      detokenizer_(tokenizer, request_.special_tokens_in_text, false),
      filter_(request_.stop) {
  prompt_size = request_.prompt.size();
  answer_max = request_.tokens_max;
  priority = request_.priority;
  submitted = submitted_at;
  reuses_prefix = !request_.prompt_logprobs;
  if (request_.prompt_logprobs) {
    prompt_logprobs_.reserve(request_.prompt.size());
    prompt_logprobs_.push_back(
        {request_.prompt.front(), std::numeric_limits<float>::quiet_NaN(), {}});
  }
}

void Sequence::start(SteadyTime now) {
  if (!started_) started_ = now;
}

bool Sequence::wants_prompt_row(std::size_t position) const {
  // Scores already taken are not wanted again: crossing the longrope border computes a prompt
  // twice.
  return request_.prompt_logprobs && position + 1 < request_.prompt.size() &&
         position + 1 >= prompt_logprobs_.size();
}

void Sequence::score_prompt(std::size_t position, std::span<const float> logits) {
  CHECK(prompt_logprobs_.size() == position + 1);
  prompt_logprobs_.push_back(
      token_logprob(logits, request_.prompt[position + 1], request_.top_logprobs));
}

void Sequence::prompt_done() {
  if (prompt_sent_) return;
  prompt_sent_ = true;
  deliver(PromptDone{std::move(prompt_logprobs_)});
}

void Sequence::look_up_guesses(std::size_t count_max) {
  // The last token of an answer needs no guess after it.
  const std::size_t useful = tokens_left() - std::min<std::size_t>(tokens_left(), 1);
  const auto found = lookup_.propose(tokens_, std::min({count_max, lookup_.wanted(), useful}));
  guesses_.assign(found.begin(), found.end());
  guesses_found_ = !guesses_.empty();
}

std::size_t Sequence::drafts_wanted(double cost, std::size_t count_max) const {
  if (guesses_found_ || tokens_left() < 2) return 0;
  return draft_policy_.wanted(cost, std::min(count_max, tokens_left() - 1));
}

void Sequence::guessed(std::size_t tried, std::size_t held) {
  lookup_.learn(guesses_found_ ? tried : 0, held);
  draft_policy_.learn(guesses_found_ ? 0 : tried, held);
  guesses_.clear();
  guesses_found_ = false;
}

std::optional<Sequence::Drawn> Sequence::draw(std::span<float> logits) {
  if (!all_finite(logits)) return std::nullopt;
  if (!request_.logprobs) return Drawn{sampler_.pick(logits), std::nullopt};
  const std::vector<float> raw(logits.begin(), logits.end());  // pick() changes its argument
  const TokenId id = sampler_.pick(logits);
  return Drawn{id, token_logprob(raw, id, request_.top_logprobs)};
}

void Sequence::append(Drawn drawn, bool room, SteadyTime now, std::span<const TokenId> ends) {
  const TokenId id = drawn.id;
  if (!first_token_) first_token_ = now;
  if (!request_.ignore_end_tokens && std::ranges::binary_search(ends, id)) {
    end_tokens_ = 1;
    return finish(FinishReason::EndToken, now);
  }
  tokens_.push_back(id);
  send(filter_.push(id, detokenizer_.push(id), std::move(drawn.logprob)));
  if (filter_.stopped()) return finish(FinishReason::StopString, now);
  if (generated() >= request_.tokens_max || !room) finish(FinishReason::Length, now);
}

void Sequence::send(TextDelta delta) {
  if (!delta.text.empty() || !delta.tokens.empty()) deliver(std::move(delta));
}

bool Sequence::deliver(GenerationEvent event) {
  if (lost_event_ && !std::holds_alternative<Error>(event)) return false;
  try {
    sink_(std::move(event));
    return true;
  } catch (const std::bad_alloc&) {
    lost_event_ = true;
    return false;
  }
}

void Sequence::finish(FinishReason reason, SteadyTime now) {
  CHECK(!finished_);
  if (!filter_.stopped() && reason != FinishReason::Cancelled)
    send(filter_.finish(detokenizer_.finish()));
  // What the tail adds may complete a stop string: the text was cut there, so that is the reason to
  // report.
  if (filter_.stopped()) reason = FinishReason::StopString;
  GenerationUsage usage;
  usage.prompt_tokens = request_.prompt.size();
  usage.completion_tokens = generated() + end_tokens_;
  const SteadyTime started = started_.value_or(now);
  usage.cached_tokens = reused;
  usage.queue_seconds = seconds(submitted, started);
  usage.prompt_seconds = seconds(started, first_token_.value_or(now));
  usage.decode_seconds = seconds(first_token_.value_or(now), now);
  usage.compute_seconds = compute_seconds;
  finished_ = deliver(GenerationDone{reason, usage});
}

void Sequence::finish(Error error) {
  CHECK(!finished_);
  finished_ = deliver(std::move(error));
}

}  // namespace croft
