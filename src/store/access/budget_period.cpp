#include "store/access/budget_period.h"

#include <array>
#include <charconv>
#include <chrono>

namespace croft {
namespace {

using Days = std::chrono::sys_days;
constexpr std::int64_t ten_years_seconds = 3653LL * 86'400;
constexpr int months_max = 120;

struct Unit {
  std::string_view name;
  std::int64_t seconds;  ///< 0: months
};
constexpr std::array<Unit, 6> units = {
    {{"mo", 0}, {"w", 604'800}, {"d", 86'400}, {"h", 3'600}, {"m", 60}, {"s", 1}}};

UtcMicros micros_of(std::chrono::year_month month) {
  const Days day(month / std::chrono::day(1));
  return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count();
}

std::chrono::year_month month_of(UtcMicros time) {
  const std::chrono::sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time)};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(point)};
  return day.year() / day.month();
}

UtcMicros months_later(UtcMicros start, int months) {
  return micros_of(month_of(start) + std::chrono::months(months));
}

std::int64_t length_of(const BudgetPeriod& period) {
  return period.seconds * micros_per_second;
}

}  // namespace

Result<BudgetPeriod> parse_budget_period(std::string_view text) {
  const auto wrong = [] {
    return fail(ErrorCode::InvalidArgument,
                "a budget's duration must be a number with s, m, h, d, w or mo, up to ten years",
                "For example 30d, 24h or 1mo", "budget_duration");
  };
  std::int64_t number = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [rest, problem] = std::from_chars(begin, end, number);
  if (problem != std::errc() || number < 1) return wrong();
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (unit.seconds == 0) {
      if (number > months_max) return wrong();
      return BudgetPeriod{.months = static_cast<int>(number)};
    }
    if (number > ten_years_seconds / unit.seconds) return wrong();
    return BudgetPeriod{.seconds = number * unit.seconds};
  }
  return wrong();
}

std::string budget_period_text(const BudgetPeriod& period) {
  if (period.months != 0) return std::to_string(period.months) + "mo";
  for (const Unit& unit : units)
    // Weeks read worse than days: 30d is what people write.
    if (unit.seconds != 0 && unit.name != "w" && period.seconds % unit.seconds == 0)
      return std::to_string(period.seconds / unit.seconds) + std::string(unit.name);
  return std::to_string(period.seconds) + "s";
}

BudgetWindow first_window(const BudgetPeriod& period, UtcMicros now) {
  if (period.months == 0) return {now, now + length_of(period)};
  const UtcMicros start = micros_of(month_of(now));
  return {start, months_later(start, period.months)};
}

WindowStep step_window(const BudgetPeriod& period, const BudgetWindow& window, UtcMicros now) {
  if (now >= window.end) {
    if (period.months != 0) {
      BudgetWindow next = window;
      // At most ten years of months for each step; a clock in the year 294000 must not hang us.
      const auto behind = month_of(now) - month_of(window.start);
      const auto steps = static_cast<int>(behind.count()) / period.months;
      next.start = months_later(window.start, steps * period.months);
      next.end = months_later(next.start, period.months);
      return {next, true};
    }
    const std::int64_t length = length_of(period);
    const std::int64_t start = window.start + (now - window.start) / length * length;
    return {{start, start + length}, true};
  }
  const std::int64_t whole = window.end - window.start;
  if (now < window.start - whole) return {first_window(period, now), false};
  return {window, false};
}

}  // namespace croft
