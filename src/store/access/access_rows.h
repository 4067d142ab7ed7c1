#pragma once
/// Rows of the tables croft_key and croft_team as records, and back. For access_store.cpp.

#include <string>
#include <vector>

#include "store/access/access_record.h"
#include "store/database/database.h"

namespace croft {

/// The columns are those of `team_columns`, in that order; key_from_row: hash, team, role and
/// expires behind them. Errors: Corrupt.
Result<TeamRecord> team_from_row(const Row& row);
Result<KeyRecord> key_from_row(const Row& row);

/// The list as JSON text, and back.
[[nodiscard]] std::string models_text(const std::vector<std::string>& models);
[[nodiscard]] std::optional<std::string> duration_text(const AccessLimits& limits);

}  // namespace croft
