#pragma once
/// One limit a minute as a bucket: it holds a minute's worth, each use takes out, and it fills
/// evenly. Whole numbers, so that a thousand small steps fill it exactly as one large one does.
///
/// After an idle minute a burst of the whole limit passes at once; over any longer time no more
/// than the limit does. Times are of the steady clock: setting the wall clock locks nobody out.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace croft {

using LimitTime = std::chrono::steady_clock::time_point;

class RateBucket {
 public:
  /// `limit` uses a minute, 1 to 1e12; full at first.
  RateBucket(std::int64_t limit, LimitTime now) : limit_(limit), level_(full()), updated_(now) {}

  /// Whether `amount` is there. More than the limit itself passes where the bucket is full, and
  /// then takes as long to fill again as it would have to be earned: refused for ever otherwise.
  [[nodiscard]] bool has(std::int64_t amount, LimitTime now) {
    fill(now);
    return level_ >= scaled(std::min(amount, limit_));
  }
  /// Takes out; may leave a debt. A negative amount gives back, up to full.
  void take(std::int64_t amount, LimitTime now) {
    fill(now);
    level_ = std::min(level_ - scaled(amount), full());
  }

  [[nodiscard]] std::int64_t limit() const { return limit_; }
  /// Whole uses left; a debt is 0.
  [[nodiscard]] std::int64_t remaining(LimitTime now) {
    fill(now);
    return static_cast<std::int64_t>(std::max<Level>(level_, 0) / per_use);
  }
  /// Until `amount` is there, rounded up to a nanosecond; 0 where it is.
  [[nodiscard]] std::chrono::nanoseconds wait_for(std::int64_t amount, LimitTime now) {
    fill(now);
    return time_to(scaled(std::min(amount, limit_)));
  }
  /// Until it is full.
  [[nodiscard]] std::chrono::nanoseconds reset_after(LimitTime now) {
    fill(now);
    return time_to(full());
  }

  /// Another limit: what was used stays used, in its share.
  void set_limit(std::int64_t limit, LimitTime now) {
    fill(now);
    level_ = level_ + scaled(limit) - full();
    limit_ = limit;
  }

 private:
  // A use is worth the nanoseconds of a minute, and a nanosecond brings `limit` of those.
  using Level = __int128;
  static constexpr Level per_use = 60'000'000'000;
  [[nodiscard]] static Level scaled(std::int64_t amount) { return amount * per_use; }
  [[nodiscard]] Level full() const { return scaled(limit_); }

  void fill(LimitTime now) {
    if (now <= updated_) return;
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(now - updated_);
    updated_ = now;
    level_ = std::min(level_ + static_cast<Level>(passed.count()) * limit_, full());
  }
  [[nodiscard]] std::chrono::nanoseconds time_to(Level level) const {
    if (level_ >= level) return std::chrono::nanoseconds(0);
    const Level nanoseconds = (level - level_ + limit_ - 1) / limit_;
    // A debt of years is said as a year.
    constexpr Level most = Level{365} * 86'400 * 1'000'000'000;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(nanoseconds, most)));
  }

  std::int64_t limit_;
  Level level_;
  LimitTime updated_;
};

}  // namespace croft
