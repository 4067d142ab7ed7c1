#pragma once
/// How long a budget lasts, in LiteLLM's words, and when it begins again.
///
/// Times are microseconds since 1970, UTC. They come from a clock that people and NTP may set, so a
/// window never begins again because the time went back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

using UtcMicros = std::int64_t;
inline constexpr std::int64_t micros_per_second = 1'000'000;

/// "30s", "15m", "24h", "30d", "2w", "1mo". Months are those of the calendar, in UTC: "1mo" begins
/// again on the first of each.
struct BudgetPeriod {
  std::int64_t seconds = 0;  ///< 0 where it is months
  int months = 0;

  friend bool operator==(const BudgetPeriod&, const BudgetPeriod&) = default;
};

/// Errors: InvalidArgument; up to ten years.
Result<BudgetPeriod> parse_budget_period(std::string_view text);
/// As parse_budget_period() reads it, in the largest unit that fits: "30d".
[[nodiscard]] std::string budget_period_text(const BudgetPeriod& period);

struct BudgetWindow {
  UtcMicros start = 0;
  UtcMicros end = 0;  ///< the first moment after it

  friend bool operator==(const BudgetWindow&, const BudgetWindow&) = default;
};

/// The window that begins with the first use of a budget. One of months holds `now` and begins on
/// the first of a month.
[[nodiscard]] BudgetWindow first_window(const BudgetPeriod& period, UtcMicros now);

struct WindowStep {
  BudgetWindow window;
  bool begins_again = false;  ///< what was spent no longer counts
};
/// Where `now` is after `window`: the window that holds it, a whole number of periods later. A time
/// before the window leaves it as it is, so that a clock that jumps back and forth gives nothing
/// away; only where it is more than a whole period before, the clock was wrong when the window
/// began, and the window is laid anew around `now` with all that was spent in it.
[[nodiscard]] WindowStep step_window(const BudgetPeriod& period, const BudgetWindow& window,
                                     UtcMicros now);

}  // namespace croft
