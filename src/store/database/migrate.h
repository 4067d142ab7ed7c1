#pragma once
/// Brings a component's tables to the version that this program knows.

#include <span>

#include "store/database/database.h"

namespace croft {

struct Migration {
  int version = 1;  ///< ascending from 1 without gaps
  Sql script;       ///< several statements; runs in one transaction with the version's record
};

/// Each component ("ledger", "access") has its own versions, so that none waits for another. Safe
/// against other processes that do the same at the same time. Errors: Unsupported (a newer program
/// made the tables); as of the statements.
Result<void> migrate(Database& database, std::string_view component,
                     std::span<const Migration> migrations);

/// The version that the tables have; 0: there are none yet.
Result<int> schema_version(Database& database, std::string_view component);

}  // namespace croft
