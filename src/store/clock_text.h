#pragma once
/// The time as records write it.

#include <string>

namespace croft {

/// Now, in UTC: "2026-01-31T23:59:59Z".
[[nodiscard]] std::string utc_now_text();

}  // namespace croft
