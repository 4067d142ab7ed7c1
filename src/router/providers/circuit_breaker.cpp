#include "router/providers/circuit_breaker.h"

#include <algorithm>

namespace croft {

std::string_view breaker_state_text(BreakerState state) {
  switch (state) {
    case BreakerState::Closed:
      return "closed";
    case BreakerState::Open:
      return "open";
    case BreakerState::HalfOpen:
      return "half_open";
  }
  return "closed";
}

bool CircuitBreaker::try_pass(Time now) {
  const MutexLock lock(mutex_);
  if (now < closed_until_) return false;
  if (!open_) return true;
  if (trial_running_) return false;
  trial_running_ = true;
  return true;
}

void CircuitBreaker::succeeded() {
  const MutexLock lock(mutex_);
  failures_ = openings_ = 0;
  open_ = trial_running_ = false;
}

void CircuitBreaker::failed(Time now) {
  const MutexLock lock(mutex_);
  ++failures_;
  // Requests that were under way when it opened fail too: they must not lengthen the pause.
  if (open_ ? trial_running_ : failures_ >= options_.failures_max) open(now);
  trial_running_ = false;
}

void CircuitBreaker::open(Time now) {
  constexpr std::size_t doublings_max = 20;
  const auto pause = options_.cool_down * (std::int64_t{1} << std::min(openings_, doublings_max));
  closed_until_ = std::max(closed_until_, now + std::min(pause, options_.cool_down_max));
  ++openings_;
  open_ = true;
}

void CircuitBreaker::abandoned() {
  const MutexLock lock(mutex_);
  trial_running_ = false;
}

void CircuitBreaker::pause(Time until) {
  const MutexLock lock(mutex_);
  closed_until_ = std::max(closed_until_, until);
  trial_running_ = false;
}

BreakerState CircuitBreaker::state(Time now) const {
  const MutexLock lock(mutex_);
  if (now < closed_until_) return BreakerState::Open;
  return open_ ? BreakerState::HalfOpen : BreakerState::Closed;
}

std::chrono::milliseconds CircuitBreaker::wait(Time now) const {
  const MutexLock lock(mutex_);
  if (now >= closed_until_) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(closed_until_ - now);
}

}  // namespace croft
