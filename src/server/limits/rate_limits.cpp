#include "server/limits/rate_limits.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

int whole_seconds(std::chrono::nanoseconds time) {
  constexpr std::int64_t second = 1'000'000'000;
  return static_cast<int>(std::max<std::int64_t>((time.count() + second - 1) / second, 1));
}

std::unexpected<Error> over(const LimitedOwner& owner, std::string_view field, std::int64_t limit,
                            std::string_view unit, int seconds) {
  Error error{.code = ErrorCode::Busy,
              .message = owner.shown + " is over its limit of " + std::to_string(limit) + " " +
                         std::string(unit),
              .hint = "Try again in " + std::to_string(seconds) + " s",
              .field = std::string(field),
              .retry_after_seconds = seconds};
  return std::unexpected(std::move(error));
}

void keep(std::optional<RateBucket>& bucket, const std::optional<std::int64_t>& limit,
          LimitTime now) {
  if (!limit)
    bucket.reset();
  else if (!bucket)
    bucket.emplace(*limit, now);
  else if (bucket->limit() != *limit)
    bucket->set_limit(*limit, now);
}

}  // namespace

std::string reset_text(std::chrono::nanoseconds time) {
  constexpr std::int64_t millisecond = 1'000'000;
  const std::int64_t milliseconds = (time.count() + millisecond - 1) / millisecond;
  if (milliseconds < 1000) return std::to_string(milliseconds) + "ms";
  const std::int64_t seconds = (milliseconds + 999) / 1000;
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

RateLimits::Use& RateLimits::use_of(const LimitedOwner& owner, LimitTime now) {
  Use& use = uses_[owner.id];
  keep(use.requests, owner.limits.rpm_limit, now);
  keep(use.tokens, owner.limits.tpm_limit, now);
  use.seen = std::max(use.seen, now);
  return use;
}

Result<void> RateLimits::begin(const std::vector<LimitedOwner>& owners, LimitTime now) {
  const MutexLock lock(mutex_);
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    const auto& parallel = owner.limits.max_parallel_requests;
    if (parallel && use.parallel >= *parallel)
      return over(owner, "max_parallel_requests", *parallel, "requests at a time", 1);
    if (use.requests && !use.requests->has(1, now))
      return over(owner, "rpm_limit", *owner.limits.rpm_limit, "requests a minute",
                  whole_seconds(use.requests->wait_for(1, now)));
    // Who is in debt for tokens waits at once, and not only when its next prompt was read.
    if (use.tokens && !use.tokens->has(1, now))
      return over(owner, "tpm_limit", *owner.limits.tpm_limit, "tokens a minute",
                  whole_seconds(use.tokens->wait_for(1, now)));
  }
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    if (use.requests) use.requests->take(1, now);
    ++use.parallel;
  }
  return {};
}

void RateLimits::end(const std::vector<LimitedOwner>& owners) {
  const MutexLock lock(mutex_);
  for (const LimitedOwner& owner : owners) {
    const auto found = uses_.find(owner.id);
    if (found != uses_.end() && found->second.parallel > 0) --found->second.parallel;
  }
}

Result<void> RateLimits::take_tokens(const std::vector<LimitedOwner>& owners, std::int64_t tokens,
                                     LimitTime now) {
  const MutexLock lock(mutex_);
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    if (use.tokens && !use.tokens->has(tokens, now))
      return over(owner, "tpm_limit", *owner.limits.tpm_limit,
                  "tokens a minute with the " + std::to_string(tokens) + " of this request",
                  whole_seconds(use.tokens->wait_for(tokens, now)));
  }
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    if (use.tokens) use.tokens->take(tokens, now);
  }
  return {};
}

void RateLimits::correct_tokens(const std::vector<LimitedOwner>& owners, std::int64_t tokens,
                                LimitTime now) {
  const MutexLock lock(mutex_);
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    if (use.tokens) use.tokens->take(tokens, now);
  }
}

std::vector<HttpHeader> RateLimits::headers(const std::vector<LimitedOwner>& owners,
                                            LimitTime now) {
  const MutexLock lock(mutex_);
  RateBucket* requests = nullptr;
  RateBucket* tokens = nullptr;
  const auto least = [&](RateBucket*& into, std::optional<RateBucket>& bucket) {
    if (bucket && (into == nullptr || bucket->remaining(now) < into->remaining(now)))
      into = &*bucket;
  };
  for (const LimitedOwner& owner : owners) {
    Use& use = use_of(owner, now);
    least(requests, use.requests);
    least(tokens, use.tokens);
  }
  std::vector<HttpHeader> out;
  for (const auto& [bucket, name] :
       {std::pair{requests, std::string("requests")}, std::pair{tokens, std::string("tokens")}}) {
    if (bucket == nullptr) continue;
    out.push_back({"x-ratelimit-limit-" + name, std::to_string(bucket->limit())});
    out.push_back({"x-ratelimit-remaining-" + name, std::to_string(bucket->remaining(now))});
    out.push_back({"x-ratelimit-reset-" + name, reset_text(bucket->reset_after(now))});
  }
  return out;
}

void RateLimits::forget_idle(LimitTime time) {
  const MutexLock lock(mutex_);
  std::erase_if(uses_, [&](const auto& each) {
    return each.second.parallel == 0 && each.second.seen < time;
  });
}

std::size_t RateLimits::size() const {
  const MutexLock lock(mutex_);
  return uses_.size();
}

}  // namespace croft
