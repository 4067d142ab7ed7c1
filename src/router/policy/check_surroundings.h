#pragma once
/// What a configuration needs of this machine: variables that are set, files that are there and
/// private. Apart from the parser, which must not depend on either.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "router/policy/problems.h"
#include "router/policy/router_config.h"

namespace croft {

/// The value of an environment variable; none where unset or empty.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Errors: a file that is missing, or a key file that others may read. Warnings: a variable that is
/// not set here, since a service may have another environment.
[[nodiscard]] std::vector<ConfigProblem> check_surroundings(const RouterConfig& config,
                                                            const VariableLookup& variable);

}  // namespace croft
