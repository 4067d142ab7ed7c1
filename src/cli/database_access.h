#pragma once
/// --database: where keys, budgets, prices and the ledger are.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/settings.h"
#include "store/database/database.h"

namespace croft::cli {

/// What --database says to a server that keeps no ledger and knows no budgets.
inline constexpr std::string_view no_database = "none";
/// --database, or croft.db beside the models folder.
[[nodiscard]] std::string database_address(const Settings& settings);

/// Makes the file and its folder where they are missing. Errors: as Database::open().
Result<Database> open_database(const Settings& settings);

/// None where it is a file that does not exist: there is nothing to read yet.
Result<std::optional<Database>> open_database_if_there(const Settings& settings);

}  // namespace croft::cli
