#pragma once
/// From croft.toml to the router's configuration, with what is installed on this machine.

#include "cli/settings.h"
#include "router/policy/parse_router.h"

namespace croft::cli {

/// Reads the router's tables of the configuration files and parses them; mistakes in them are in
/// the result. Errors: as load_router_tables.
Result<ParsedRouter> read_router(const Settings& settings);

}  // namespace croft::cli
