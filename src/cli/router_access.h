#pragma once
/// From croft.toml to the router's configuration, with what is installed on this machine.

#include "cli/settings.h"
#include "router/policy/parse_router.h"
#include "router/privacy/custom/custom_rules.h"

namespace croft::cli {

/// Reads the router's tables of the configuration files and parses them; mistakes in them are in
/// the result. Errors: as load_router_tables.
Result<ParsedRouter> read_router(const Settings& settings);

/// The rules of `[privacy]` alone; null where there are none. Errors: as load_router_tables;
/// InvalidArgument: the first mistake in them.
Result<std::shared_ptr<const privacy::CustomRules>> read_privacy_rules(const Settings& settings);

}  // namespace croft::cli
