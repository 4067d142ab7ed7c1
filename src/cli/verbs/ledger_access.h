#pragma once
/// From the options of `croft ledger` to an open ledger, a range of times, and progress.

#include <memory>
#include <string>

#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/settings.h"
#include "store/ledger/ledger.h"

namespace croft::cli {

/// --database, or the file croft.db beside the models folder.
[[nodiscard]] std::string ledger_address(const Settings& settings);
/// For reading only. Errors: as of Database::open.
Result<Database> open_ledger_database(const Settings& settings);
/// --since and --until. Errors: InvalidArgument (no time; an end before the beginning).
Result<LedgerRange> ledger_range(const Settings& settings);

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
