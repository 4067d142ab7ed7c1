#pragma once
/// The tables of keys, teams, budgets and price versions, in SQLite and PostgreSQL alike.

#include "store/database/database.h"

namespace croft {

/// Makes them, or brings them to this program's version. Errors: as migrate().
Result<void> prepare_access_tables(Database& database);

}  // namespace croft
