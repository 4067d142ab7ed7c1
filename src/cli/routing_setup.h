#pragma once
/// Routing for `croft serve`: croft.toml's routes with their keys, models and files, read at the
/// start and again at SIGHUP.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "router/policy/router_config.h"
#include "server/routing/router_state.h"

namespace croft::cli {

/// The checked configuration; null where it has neither routes nor rules of privacy. Warnings go to
/// the log. Errors: the first mistake, with its place; Forbidden where this process is air-gapped
/// and it has upstreams.
Result<std::shared_ptr<const RouterConfig>> read_router_config(const Settings& settings);

/// Local models that routes name, each once.
[[nodiscard]] std::vector<std::string> local_models(const RouterConfig& config);

/// Loads what the configuration names and gives it to `services`. `paths`: of the served models, by
/// published name. Errors: a key, a file, or a model that is not served; the old state stays.
Result<void> apply_router_config(std::shared_ptr<const RouterConfig> config,
                                 const std::map<std::string, std::filesystem::path>& paths,
                                 RoutingServices& services);

/// The exporter of spans, where an endpoint is set. Errors: of the options.
Result<void> start_exporter(const Settings& settings, RoutingServices& services);

}  // namespace croft::cli
