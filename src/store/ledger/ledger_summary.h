#pragma once
/// The ledger added up in one reading: all of it, and by day, route, model, tenant.

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/ledger/ledger.h"
#include "store/ledger/ledger_totals.h"

namespace croft {

enum class LedgerGrouping : std::uint8_t {
  Day,
  Route,
  Model,
  Tenant,
  Team,
  Key,
  Provider,
  Privacy,  ///< what was found in the request: privacy_names, or "" where nobody looked
};
[[nodiscard]] std::string_view grouping_name(LedgerGrouping grouping);  ///< "day", "route", ...
/// Errors: InvalidArgument.
Result<LedgerGrouping> parse_grouping(std::string_view name);

/// Nothing; something personal or secret; it could not be looked through.
inline constexpr std::array<std::string_view, 3> privacy_names = {"nothing", "something",
                                                                  "unknown"};

/// Beyond this many groups the rest is added up as `ledger_other_groups`.
inline constexpr std::size_t ledger_groups_max = 2000;
inline constexpr std::string_view ledger_other_groups = "(others)";

struct LedgerSummary {
  LedgerTotals all;
  std::optional<std::int64_t> first_us;  ///< of the times in it; absent where there is no row
  std::optional<std::int64_t> last_us;
  /// In the order asked for; each by name. A row without the field is under "".
  std::vector<std::map<std::string, LedgerTotals>> groups;
};

/// `wanted`: which rows; all without it.
Result<LedgerSummary> summarise_ledger(Ledger& ledger, const LedgerRange& range,
                                       std::span<const LedgerGrouping> groupings,
                                       const LedgerProgress& progress = {},
                                       const std::function<bool(const LedgerRow&)>& wanted = {});

/// Names of a grouping, busiest first; days in their order.
[[nodiscard]] std::vector<std::string> ordered_groups(
    const std::map<std::string, LedgerTotals>& groups, LedgerGrouping grouping);

[[nodiscard]] json::object summary_json(const LedgerSummary& summary,
                                        std::span<const LedgerGrouping> groupings);
/// For people: the whole, then a table for each grouping.
[[nodiscard]] std::string summary_text(const LedgerSummary& summary,
                                       std::span<const LedgerGrouping> groupings);

}  // namespace croft
