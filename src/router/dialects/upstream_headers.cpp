// Rate limits and pauses: numbers, durations and dates of response headers.
#include <array>
#include <charconv>
#include <cmath>

#include "router/dialects/upstream_error.h"

namespace croft::dialects {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::system_clock;

constexpr double wait_ms_max = 24.0 * 3600.0 * 1000.0;  // whoever asks for more gets a day

bool equals_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The number at the start of `text`, which is taken off. Not negative; plain decimals only.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem != std::errc() || !(number >= 0) || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

milliseconds clamped(double ms) {
  const double bounded = ms < 0 ? 0 : ms > wait_ms_max ? wait_ms_max : ms;
  return milliseconds(static_cast<std::int64_t>(std::ceil(bounded)));
}

std::optional<double> take_unit_ms(std::string_view& text) {
  // Longer units first: "ms" is no "m".
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"ms", 1},
                                                                         {"us", 0.001},
                                                                         {"\xC2\xB5s", 0.001},
                                                                         {"ns", 0.000001},
                                                                         {"s", 1000},
                                                                         {"m", 60'000},
                                                                         {"h", 3'600'000},
                                                                         {"d", 86'400'000}}};
  for (const auto& [name, ms] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return ms;
  }
  return std::nullopt;
}

/// "6m0s", "12ms", "1.5s", or plain seconds.
std::optional<milliseconds> read_duration(std::string_view text) {
  double total_ms = 0;
  bool first = true;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    if (!number) return std::nullopt;
    if (text.empty() && first) return clamped(*number * 1000);
    const std::optional<double> unit = take_unit_ms(text);
    if (!unit) return std::nullopt;
    total_ms += *number * *unit;
    first = false;
  }
  if (first) return std::nullopt;
  return clamped(total_ms);
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int out = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

struct Moment {
  std::optional<int> year, month, day, hour, minute, second;
};

std::optional<Clock::time_point> time_of(const Moment& m) {
  if (!m.year || !m.month || !m.day || !m.hour || !m.minute || !m.second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*m.year),
                                         std::chrono::month(static_cast<unsigned>(*m.month)),
                                         std::chrono::day(static_cast<unsigned>(*m.day))};
  if (!date.ok() || *m.hour > 23 || *m.minute > 59 || *m.second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*m.hour) +
         std::chrono::minutes(*m.minute) + std::chrono::seconds(*m.second);
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"; the two older forms are not written any more.
std::optional<Clock::time_point> read_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  return time_of({digits(text, 12, 4), static_cast<int>(month / 3) + 1, digits(text, 5, 2),
                  digits(text, 17, 2), digits(text, 20, 2), digits(text, 23, 2)});
}

/// RFC 3339: "2026-01-27T12:00:30Z", also with a fraction or an offset.
std::optional<Clock::time_point> read_timestamp(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't'))
    return std::nullopt;
  const auto moment = time_of({digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                               digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)});
  const std::size_t zone = text.find_first_of("Zz+-", 19);
  if (!moment || zone == std::string_view::npos) return std::nullopt;
  if (text[zone] == 'Z' || text[zone] == 'z') return moment;
  const auto hours = digits(text, zone + 1, 2);
  const auto minutes = digits(text, zone + 4, 2);
  if (!hours || !minutes) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return text[zone] == '+' ? *moment - offset : *moment + offset;
}

milliseconds until(Clock::time_point moment, Clock::time_point now) {
  return clamped(std::chrono::duration<double, std::milli>(moment - now).count());
}

std::optional<std::int64_t> read_count(std::span<const Header> headers, const std::string& name) {
  const std::string_view text = find_header(headers, name);
  std::int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  // Azure says -1 for "not limited".
  if (problem != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  return count;
}

RateLimit read_openai_limit(std::span<const Header> headers, const std::string& what) {
  return {read_count(headers, "x-ratelimit-limit-" + what),
          read_count(headers, "x-ratelimit-remaining-" + what),
          read_duration(find_header(headers, "x-ratelimit-reset-" + what))};
}

RateLimit read_anthropic_limit(std::span<const Header> headers, const std::string& what,
                               Clock::time_point now) {
  const std::string prefix = "anthropic-ratelimit-" + what;
  RateLimit out{
      read_count(headers, prefix + "-limit"), read_count(headers, prefix + "-remaining"), {}};
  if (const auto reset = read_timestamp(find_header(headers, prefix + "-reset")))
    out.reset = until(*reset, now);
  return out;
}

bool is_known(const RateLimit& limit) {
  return limit.limit || limit.remaining || limit.reset;
}

}  // namespace

std::string_view find_header(std::span<const Header> headers, std::string_view name) {
  for (const Header& header : headers)
    if (equals_without_case(header.name, name)) return trimmed(header.value);
  return {};
}

std::optional<milliseconds> read_retry_after(std::span<const Header> headers,
                                             Clock::time_point now) {
  std::string_view precise = find_header(headers, "retry-after-ms");
  if (const std::optional<double> ms = take_number(precise); ms && precise.empty())
    return clamped(*ms);
  const std::string_view text = find_header(headers, "retry-after");
  std::string_view rest = text;
  if (const std::optional<double> seconds = take_number(rest); seconds && rest.empty())
    return clamped(*seconds * 1000);
  if (const auto date = read_http_date(text)) return until(*date, now);
  return std::nullopt;
}

RateLimits read_rate_limits(std::span<const Header> headers, Clock::time_point now) {
  RateLimits out{
      read_openai_limit(headers, "requests"), read_openai_limit(headers, "tokens"), {}, {}};
  if (const RateLimit limit = read_anthropic_limit(headers, "requests", now); is_known(limit))
    out.requests = limit;
  if (const RateLimit limit = read_anthropic_limit(headers, "tokens", now); is_known(limit))
    out.tokens = limit;
  out.input_tokens = read_anthropic_limit(headers, "input-tokens", now);
  out.output_tokens = read_anthropic_limit(headers, "output-tokens", now);
  return out;
}

}  // namespace croft::dialects
