#include "router/providers/cloud_call.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

using dialects::AnswerEvent;
using dialects::Failed;
using dialects::FailureCause;
using dialects::Finished;
using dialects::Started;
using dialects::Usage;

bool is_content(const AnswerEvent& event) {
  return !std::holds_alternative<Started>(event) && !std::holds_alternative<Usage>(event) &&
         !std::holds_alternative<Failed>(event);
}

/// The tokens of a piece of an answer, where nobody tells: upstreams send one at a time or a few,
/// and four bytes a token is usual.
std::size_t tokens_about(const AnswerEvent& event) {
  std::size_t bytes = 0;
  if (const auto* text = std::get_if<dialects::TextDelta>(&event))
    bytes = text->text.size();
  else if (const auto* refusal = std::get_if<dialects::RefusalDelta>(&event))
    bytes = refusal->text.size();
  else if (const auto* thinking = std::get_if<dialects::ThinkingDelta>(&event))
    bytes = thinking->text.size();
  else if (const auto* arguments = std::get_if<dialects::ToolCallArguments>(&event))
    bytes = arguments->text.size();
  else if (const auto* call = std::get_if<dialects::ToolCallBegin>(&event))
    bytes = call->name.size();
  return (bytes + 3) / 4;
}

/// Nothing could be asked at all.
Failed nobody_there(std::chrono::milliseconds wait, bool full) {
  Failed failed;
  failed.cause = FailureCause::Overload;
  failed.retryable = true;
  failed.retry_after = wait;
  failed.error = {
      .code = ErrorCode::Unavailable,
      .message = full ? "every upstream of this route has as many requests as it may have"
                      : "every upstream of this route has failed lately and is left alone",
      .hint = "Try again later.",
      .field = {},
      .retry_after_seconds =
          static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count())};
  return failed;
}

}  // namespace

CloudCall::CloudCall(CloudWorld world, CloudOptions options, std::vector<CloudTarget> targets,
                     Sink sink)
    : world_(std::move(world)),
      options_(options),
      targets_(std::move(targets)),
      sink_(std::move(sink)),
      random_(options.seed) {}

void CloudCall::start() {
  begun_ = world_.now();
  static_cast<void>(begin_next(false));
  end_if_idle();
}

void CloudCall::cancel() {
  if (over_) return;
  over_ = true;
  for (Live& live : live_) {
    notes_[live.note].cancelled = true;
    notes_[live.note].ended_ms = elapsed_ms();
    live.attempt->cancel();
  }
  live_.clear();
}

double CloudCall::elapsed_ms() const {
  return std::chrono::duration<double, std::milli>(world_.now() - begun_).count();
}

bool CloudCall::begin_next(bool hedge) {
  while (next_ < targets_.size())
    if (begin_at(next_++, 0, hedge)) return true;
  return false;
}

bool CloudCall::begin_at(std::size_t target, std::size_t retry, bool hedge) {
  const std::size_t number = notes_.size();
  AttemptNote& note = notes_.emplace_back();
  note.target = target;
  note.retry = retry;
  note.hedge = hedge;
  note.started_ms = elapsed_ms();
  const UpstreamGate gate = targets_[target].upstream->try_begin(world_.now());
  if (gate != UpstreamGate::Passes) {
    note.skipped = gate == UpstreamGate::Open ? "it failed lately and is left alone"
                                              : "it has as many requests as it may have";
    return false;
  }
  live_.push_back({.note = number, .attempt = nullptr, .held = {}});
  live_.back().attempt =
      world_.begin(targets_[target], [weak = weak_from_this(), number](AnswerEvent event) {
        if (const auto self = weak.lock()) self->on_event(number, std::move(event));
      });
  if (!hedge) plan_hedge(target);
  return true;
}

void CloudCall::plan_hedge(std::size_t target) {
  const auto delay = targets_[target].upstream->config().hedge;
  if (delay.count() == 0 || hedged_) return;
  world_.after(delay, [weak = weak_from_this(), target] {
    const auto self = weak.lock();
    if (!self || self->over_ || self->winner_ || self->hedged_ || self->live_.empty()) return;
    self->hedged_ = true;
    // Another upstream where there is one, else the same again: slowness is often one machine's.
    if (!self->begin_next(true)) static_cast<void>(self->begin_at(target, 0, true));
  });
}

CloudCall::Live* CloudCall::find_live(std::size_t note) {
  const auto found = std::ranges::find(live_, note, &Live::note);
  return found == live_.end() ? nullptr : &*found;
}

void CloudCall::drop_live(std::size_t note) {
  std::erase_if(live_, [&](const Live& live) { return live.note == note; });
}

void CloudCall::give(const CloudTarget& target, AnswerEvent event) {
  sink_(target, std::move(event));
}

void CloudCall::on_event(std::size_t number, AnswerEvent event) {
  Live* live = find_live(number);
  if (over_ || live == nullptr) return;
  AttemptNote& note = notes_[number];
  note.answer_tokens += tokens_about(event);
  if (const auto* usage = std::get_if<Usage>(&event)) {
    note.usage = *usage;
    note.has_usage = true;
  } else if (const auto* started = std::get_if<Started>(&event)) {
    note.usage = started->usage;  // of the prompt: all that is known where the client leaves
  }
  if (const auto* failed = std::get_if<Failed>(&event)) {
    note.failure = *failed;
    note.ended_ms = elapsed_ms();
    if (winner_ != number && failed->error.code != ErrorCode::Cancelled) {
      attempt_failed(number, *failed);
      return;
    }
    // Cancelled from below: everything is being shut down.
    winner_ = number;
  } else if (!winner_ && is_content(event)) {
    win(number);
  }
  if (winner_ != number) {
    live->held.push_back(std::move(event));
    return;
  }
  const bool last =
      std::holds_alternative<Finished>(event) || std::holds_alternative<Failed>(event);
  if (last) {
    note.ended_ms = elapsed_ms();
    over_ = true;
    drop_live(number);
  }
  give(targets_[note.target], std::move(event));
}

void CloudCall::win(std::size_t number) {
  winner_ = number;
  AttemptNote& note = notes_[number];
  note.won = true;
  note.first_ms = elapsed_ms();
  std::vector<AnswerEvent> held;
  for (Live& live : live_) {
    if (live.note == number) {
      held.swap(live.held);
      continue;
    }
    notes_[live.note].cancelled = true;
    notes_[live.note].ended_ms = note.first_ms;
    live.attempt->cancel();
  }
  std::erase_if(live_, [&](const Live& live) { return live.note != number; });
  for (AnswerEvent& event : held) give(targets_[note.target], std::move(event));
}

void CloudCall::attempt_failed(std::size_t number, const Failed& failed) {
  const AttemptNote note = notes_[number];
  drop_live(number);
  last_failure_ = failed;
  const std::size_t target = note.target;
  const bool again =
      failed.retryable && !note.hedge && note.retry < targets_[target].upstream->config().retries &&
      failed.retry_after.value_or(std::chrono::milliseconds(0)) <= options_.pause_max;
  if (again) {
    ++waiting_;
    world_.after(pause_before(note.retry, failed),
                 [weak = weak_from_this(), target, retry = note.retry + 1] {
                   const auto self = weak.lock();
                   if (!self || self->over_) return;
                   --self->waiting_;
                   if (!self->winner_ && !self->begin_at(target, retry, false))
                     static_cast<void>(self->begin_next(false));
                   self->end_if_idle();
                 });
    return;
  }
  // Where a second one is under way already, it is the fallback.
  if (live_.empty() && waiting_ == 0) static_cast<void>(begin_next(false));
  end_if_idle();
}

std::chrono::milliseconds CloudCall::pause_before(std::size_t retry, const Failed& failed) {
  constexpr std::size_t doublings_max = 10;
  const auto longest = std::min(
      options_.pause * (std::int64_t{1} << std::min(retry, doublings_max)), options_.pause_max);
  // Half of it by chance: those who failed together must not come back together.
  std::uniform_real_distribution<double> jitter(0.5, 1.0);
  const auto pause = std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(longest.count()) * jitter(random_)));
  return std::max(pause, failed.retry_after.value_or(std::chrono::milliseconds(0)));
}

void CloudCall::end_if_idle() {
  if (over_ || winner_ || !live_.empty() || waiting_ != 0) return;
  over_ = true;
  std::size_t last = 0;
  auto wait = std::chrono::milliseconds::max();
  bool full = false;
  for (const AttemptNote& note : notes_) {
    if (note.skipped.empty()) {
      last = note.target;
      continue;
    }
    const auto asked = targets_[note.target].upstream->wait(world_.now());
    full = full || asked.count() == 0;
    wait = std::min(wait, std::max(asked, std::chrono::milliseconds(1000)));
  }
  if (!last_failure_) last_failure_ = nobody_there(wait, full);
  give(targets_[last], *last_failure_);
}

}  // namespace croft
