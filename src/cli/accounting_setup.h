#pragma once
/// From the settings to the ledger that `croft serve` keeps.

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/settings.h"
#include "router/policy/router_config.h"
#include "server/accounting/accountant.h"

namespace croft::cli {

/// croft.db in the folder of this program's data, where no `database` is set.
[[nodiscard]] std::filesystem::path default_database();
/// The address that is set, or the default; empty for "none".
[[nodiscard]] std::string database_address(const Settings& settings);

/// Null where no ledger is kept. `router` may be null. Errors: the settings; those of
/// LedgerWriter::start.
Result<std::shared_ptr<Accountant>> make_accountant(const Settings& settings,
                                                    const RouterConfig* router);

}  // namespace croft::cli
