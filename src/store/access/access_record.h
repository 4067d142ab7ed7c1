#pragma once
/// What a key and a team may do, in LiteLLM's words. Plain data.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/access/budget_period.h"

namespace croft {

enum class KeyRole : std::uint8_t {
  Admin,     ///< everything, keys and teams included
  Operator,  ///< everything but keys and teams: models, usage of all
  User,      ///< asks models
  Viewer,    ///< reads lists, metrics and usage
};
[[nodiscard]] std::string_view key_role_text(KeyRole role);  ///< "admin"
/// Errors: InvalidArgument.
Result<KeyRole> parse_key_role(std::string_view text);

/// Of a key or a team; both apply. What is absent is not limited.
struct AccessLimits {
  std::vector<std::string> models = {};  ///< names and routes, * stands for anything; empty: all
  std::optional<std::int64_t> max_budget = {};       ///< nano-units
  std::string budget_currency = "USD";               ///< of max_budget
  std::optional<BudgetPeriod> budget_duration = {};  ///< none: the budget never begins again
  std::optional<std::int64_t> rpm_limit = {};        ///< requests a minute
  std::optional<std::int64_t> tpm_limit = {};        ///< tokens a minute, prompt and answer
  std::optional<std::int64_t> max_parallel_requests = {};

  friend bool operator==(const AccessLimits&, const AccessLimits&) = default;
};

struct TeamRecord {
  std::string id;     ///< "team-" and 16 hexadecimal digits
  std::string alias;  ///< unique among those that are not deleted
  AccessLimits limits;
  bool blocked = false;
  UtcMicros created = 0;
  UtcMicros updated = 0;
  std::optional<UtcMicros> deleted = {};
};

using KeyHash = std::array<std::uint8_t, 32>;

struct KeyRecord {
  std::string id;  ///< "key-" and 16 hexadecimal digits; no secret
  KeyHash hash{};
  std::string alias;  ///< unique among those that are not deleted
  std::string team;   ///< id; empty: none
  KeyRole role = KeyRole::User;
  AccessLimits limits;
  std::optional<UtcMicros> expires = {};
  bool blocked = false;
  UtcMicros created = 0;
  UtcMicros updated = 0;
  std::optional<UtcMicros> deleted = {};
};

/// Errors: InvalidArgument, with the field: a name of 1 to 64 bytes without control characters; up
/// to 256 patterns of 1 to 256 bytes; limits above 0; a currency of three capital letters.
Result<void> check_access_alias(std::string_view alias);
Result<void> check_access_limits(const AccessLimits& limits);

/// Whether one of `patterns` fits all of `name`; * stands for any characters, also none. No
/// patterns fit everything. Takes no longer than the product of both lengths.
[[nodiscard]] bool model_allowed(const std::vector<std::string>& patterns, std::string_view name);

/// "2026-01-31T23:59:59Z".
[[nodiscard]] std::string utc_text(UtcMicros time);
/// "2026-01-31", "2026-01-31T23:59:59Z", or from `now`: "30d". Errors: InvalidArgument.
Result<UtcMicros> parse_expiry(std::string_view text, UtcMicros now);
[[nodiscard]] UtcMicros utc_now();

}  // namespace croft
