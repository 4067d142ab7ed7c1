#include "store/ledger/ledger_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "base/checked.h"

namespace croft {
namespace {

constexpr std::int64_t second_us = 1'000'000, minute_us = 60 * second_us, hour_us = 60 * minute_us,
                       day_us = 24 * hour_us;

bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto read = std::from_chars(text.data(), text.data() + digits, value);
  if (read.ec != std::errc() || read.ptr != text.data() + digits || value < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool parse_date(std::string_view text, std::int64_t& time_us) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day))
    return false;
  if (!text.empty()) {
    if (!take(text, 'T') || !take_number(text, 2, hour) || !take(text, ':') ||
        !take_number(text, 2, minute))
      return false;
    if (take(text, ':') && !take_number(text, 2, second)) return false;
    if (text != "Z" || hour > 23 || minute > 59 || second > 59) return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  time_us = days * day_us + hour * hour_us + minute * minute_us + second * second_us;
  return true;
}

bool parse_span(std::string_view text, std::int64_t now_us, std::int64_t& time_us) {
  if (text.size() < 2) return false;
  const char unit = text.back();
  const std::int64_t unit_us = unit == 'd' ? day_us : unit == 'h' ? hour_us : minute_us;
  if (unit != 'd' && unit != 'h' && unit != 'm') return false;
  std::int64_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), end, count);
  if (read.ec != std::errc() || read.ptr != end || count < 0) return false;
  const auto span = checked_mul(count, unit_us);
  if (!span || *span > now_us) return false;
  time_us = now_us - *span;
  return true;
}

}  // namespace

Result<std::int64_t> parse_ledger_time(std::string_view text, std::int64_t now_us) {
  std::int64_t time_us = 0;
  if (parse_date(text, time_us) || parse_span(text, now_us, time_us)) return time_us;
  return fail(ErrorCode::InvalidArgument, "'" + std::string(text.substr(0, 40)) + "' is no time",
              "Write 2026-01-31, 2026-01-31T12:00Z (UTC), or a span up to now: 30m, 12h, 7d.");
}

std::int64_t day_of(std::int64_t time_us) {
  return time_us / day_us - (time_us % day_us < 0 ? 1 : 0);
}

std::string day_text(std::int64_t day) {
  // The years 1 to 9999: other times are nobody's clock.
  day = std::clamp<std::int64_t>(day, -719'162, 2'932'896);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

std::string time_text(std::int64_t time_us) {
  const std::int64_t day = day_of(time_us);
  // Of the smallest time, `day * day_us` would overflow.
  std::int64_t rest = time_us % day_us;
  if (rest < 0) rest += day_us;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "T%02d:%02d:%02d.%06dZ", static_cast<int>(rest / hour_us),
                static_cast<int>(rest / minute_us % 60), static_cast<int>(rest / second_us % 60),
                static_cast<int>(rest % second_us));
  return day_text(day) + text.data();
}

std::int64_t utc_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace croft
