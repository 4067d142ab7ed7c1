#pragma once
/// From the settings to the ledger that `croft serve` keeps.

#include <memory>

#include "base/error.h"
#include "cli/settings.h"
#include "router/policy/router_config.h"
#include "server/accounting/accountant.h"

namespace croft::cli {

/// Null where no ledger is kept: --database none. `router` may be null. Errors: the settings; those
/// of LedgerWriter::start.
Result<std::shared_ptr<Accountant>> make_accountant(const Settings& settings,
                                                    const RouterConfig* router);

}  // namespace croft::cli
