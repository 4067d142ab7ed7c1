#include "store/access/access_record.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace croft {
namespace {

constexpr std::array<std::string_view, 4> role_names = {"admin", "operator", "user", "viewer"};
constexpr std::size_t alias_bytes_max = 64;
constexpr std::size_t patterns_max = 256;
constexpr std::size_t pattern_bytes_max = 256;
// Tokens a minute of a large fleet, and far below what the arithmetic of rates can hold.
constexpr std::int64_t limit_max = 1'000'000'000'000;

bool is_plain(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && text.front() != ' ' && text.back() != ' ' &&
         std::ranges::all_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 && byte != 0x7f;
         });
}

bool fits(std::string_view pattern, std::string_view name) {
  // The last * is the only place to go back to: what it took grows by one character each time.
  std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::string_view key_role_text(KeyRole role) {
  return role_names[static_cast<std::size_t>(role)];
}

Result<KeyRole> parse_key_role(std::string_view text) {
  const auto found = std::ranges::find(role_names, text);
  if (found != role_names.end()) return static_cast<KeyRole>(found - role_names.begin());
  return fail(ErrorCode::InvalidArgument, "a role is admin, operator, user or viewer", {}, "role");
}

Result<void> check_access_alias(std::string_view alias) {
  if (is_plain(alias, alias_bytes_max)) return {};
  return fail(ErrorCode::InvalidArgument,
              "an alias must have 1 to 64 bytes, no control characters and no space at its ends",
              "Name its owner, for example \"billing service\"", "alias");
}

Result<void> check_access_limits(const AccessLimits& limits) {
  if (limits.models.size() > patterns_max)
    return fail(ErrorCode::InvalidArgument, "there are more than 256 models", {}, "models");
  for (const std::string& pattern : limits.models)
    if (!is_plain(pattern, pattern_bytes_max))
      return fail(ErrorCode::InvalidArgument,
                  "a model's name must have 1 to 256 bytes without control characters",
                  "* stands for any characters", "models");
  if (limits.max_budget && *limits.max_budget < 0)
    return fail(ErrorCode::InvalidArgument, "a budget must not be below 0", {}, "max_budget");
  if (limits.budget_duration && !limits.max_budget)
    return fail(ErrorCode::InvalidArgument, "a duration needs a budget that it is for",
                "Give max_budget too", "budget_duration");
  const bool currency =
      limits.budget_currency.size() == 3 &&
      std::ranges::all_of(limits.budget_currency, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!currency)
    return fail(ErrorCode::InvalidArgument, "a currency is three capital letters, such as USD", {},
                "budget_currency");
  const std::pair<std::optional<std::int64_t>, const char*> counts[] = {
      {limits.rpm_limit, "rpm_limit"},
      {limits.tpm_limit, "tpm_limit"},
      {limits.max_parallel_requests, "max_parallel_requests"}};
  for (const auto& [count, field] : counts)
    if (count && (*count < 1 || *count > limit_max))
      return fail(ErrorCode::InvalidArgument,
                  std::string(field) + " must be 1 to 1,000,000,000,000", "To stop a key, block it",
                  field);
  return {};
}

bool model_allowed(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return fits(pattern, name);
         });
}

UtcMicros utc_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string utc_text(UtcMicros time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(point - day)};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

Result<UtcMicros> parse_expiry(std::string_view text, UtcMicros now) {
  const std::string copy(text);
  const bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
  int year = 0, used = -1;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day, &hour, &minute,
              &second, &used);
  if (used != static_cast<int>(copy.size())) {
    used = -1;
    hour = minute = second = 0;
    std::sscanf(copy.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &used);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (digit_first && used == static_cast<int>(copy.size()) && used >= 10 && date.ok() &&
      hour < 24 && minute < 60 && second < 60 && year >= 1970) {
    const auto point = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                       std::chrono::minutes(minute) + std::chrono::seconds(second);
    return std::chrono::duration_cast<std::chrono::microseconds>(point.time_since_epoch()).count();
  }
  if (const auto period = parse_budget_period(text)) {
    if (period->months == 0) return now + period->seconds * micros_per_second;
    // "1mo" from now is that many times thirty days: no calendar for a key.
    return now + period->months * 30LL * 86'400 * micros_per_second;
  }
  return fail(ErrorCode::InvalidArgument,
              "an expiry is a day (2026-01-31), a time (2026-01-31T12:00:00Z) or a duration (30d)",
              {}, "expires");
}

}  // namespace croft
