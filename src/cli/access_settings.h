#pragma once
/// Keys and teams between the command line and the store.

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/settings.h"
#include "store/access/access_store.h"

namespace croft::cli {

/// What the options of `keys create|update` and `teams create|update` say; "none" takes a limit
/// away. Errors: InvalidArgument, with the option.
Result<AccessChanges> access_changes(const Settings& settings, bool of_key);

/// LiteLLM's names; money as numbers of the budget's currency.
[[nodiscard]] json::object key_json(const KeyRecord& key, const TeamRecord* team,
                                    const BudgetState& budget);
[[nodiscard]] json::object team_json(const TeamRecord& team, const BudgetState& budget);

/// Lines "name  value" of what is limited, for people.
[[nodiscard]] std::vector<std::vector<std::string>> limit_rows(const AccessLimits& limits,
                                                               const BudgetState& budget);
/// "active", "blocked", "expired", "deleted".
[[nodiscard]] std::string key_state(const KeyRecord& key);
[[nodiscard]] std::string models_shown(const AccessLimits& limits);
/// "1.50 of 20.00 USD in 30d"; empty without a budget.
[[nodiscard]] std::string budget_shown(const AccessLimits& limits, const BudgetState& budget);

}  // namespace croft::cli
