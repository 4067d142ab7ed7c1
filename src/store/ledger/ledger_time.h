#pragma once
/// Times of the ledger as text: UTC, days of the Gregorian calendar.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

/// "2026-01-31" (its beginning), "2026-01-31T23:59:59Z" (with or without seconds), or a span that
/// ended at `now_us`: "30m", "12h", "7d". Microseconds since 1970. Errors: InvalidArgument.
Result<std::int64_t> parse_ledger_time(std::string_view text, std::int64_t now_us);

/// Days since 1970, also before it.
[[nodiscard]] std::int64_t day_of(std::int64_t time_us);
[[nodiscard]] std::string day_text(std::int64_t day);       ///< "2026-01-31"
[[nodiscard]] std::string time_text(std::int64_t time_us);  ///< "2026-01-31T23:59:59.123456Z"
[[nodiscard]] std::int64_t utc_now_us();

}  // namespace croft
