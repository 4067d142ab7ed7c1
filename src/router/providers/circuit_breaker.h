#pragma once
/// A circuit breaker for one upstream: after enough failures in a row it is left alone for a while,
/// then tried with single requests.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/mutex.h"

namespace croft {

struct BreakerOptions {
  std::size_t failures_max = 5;  ///< in a row, before it opens
  std::chrono::milliseconds cool_down = std::chrono::seconds(10);
  /// Each trial that fails doubles the pause, up to this.
  std::chrono::milliseconds cool_down_max = std::chrono::minutes(5);
};

enum class BreakerState : std::uint8_t {
  Closed,   ///< requests pass
  Open,     ///< none do
  HalfOpen  ///< one does, and decides
};
[[nodiscard]] std::string_view breaker_state_text(BreakerState state);

/// Safe from any thread. Time is given, so that tests need not wait.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit CircuitBreaker(const BreakerOptions& options) : options_(options) {}

  /// Whether a request may be sent now. Who got true reports one of the three below.
  [[nodiscard]] bool try_pass(Time now);
  void succeeded();
  void failed(Time now);
  /// The request ended without saying anything about the upstream: the caller left.
  void abandoned();
  /// The upstream asked for a pause (Retry-After): no failure, but nothing passes before `until`.
  void pause(Time until);

  [[nodiscard]] BreakerState state(Time now) const;
  /// How long until a request may pass; 0 where one may now.
  [[nodiscard]] std::chrono::milliseconds wait(Time now) const;

 private:
  void open(Time now) REQUIRES(mutex_);

  const BreakerOptions options_;
  mutable Mutex mutex_;
  std::size_t failures_ GUARDED_BY(mutex_) = 0;  ///< in a row
  std::size_t openings_ GUARDED_BY(mutex_) = 0;  ///< in a row: each doubles the pause
  bool open_ GUARDED_BY(mutex_) = false;
  bool trial_running_ GUARDED_BY(mutex_) = false;
  Time closed_until_ GUARDED_BY(mutex_) = {};  ///< nothing passes before
};

}  // namespace croft
