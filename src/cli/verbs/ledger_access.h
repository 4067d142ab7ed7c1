#pragma once
/// From the options of `croft ledger` to an open ledger, a range of times, and progress.

#include <map>
#include <memory>
#include <span>
#include <string>

#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/settings.h"
#include "store/ledger/ledger.h"
#include "store/ledger/ledger_summary.h"

namespace croft::cli {

/// --database, or the file croft.db beside the models folder.
/// For reading only. Errors: as of Database::open.
Result<Database> open_ledger_database(const Settings& settings);
/// --since and --until. Errors: InvalidArgument (no time; an end before the beginning).
Result<LedgerRange> ledger_range(const Settings& settings);

/// What people call keys and teams: id -> alias, also of deleted ones; empty where the database has
/// none.
Result<std::map<std::string, std::string>> owner_names(Database& database);
/// Puts the aliases before the ids of tenants, keys and teams: "help desk (key-5adf...)".
void name_owners(const std::map<std::string, std::string>& names,
                 std::span<const LedgerGrouping> groupings, LedgerSummary& summary);

/// A progress line for reading, stopped by Ctrl-C.
class LedgerProgressLine {
 public:
  explicit LedgerProgressLine(std::string what);
  [[nodiscard]] LedgerProgress callback();

 private:
  Interrupts interrupts_;
  std::stop_token stop_;
  Progress progress_;
};

}  // namespace croft::cli
