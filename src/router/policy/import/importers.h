#pragma once
/// One importer a foreign format.

#include <string>
#include <vector>

#include "router/policy/config_node.h"
#include "router/policy/import/import_router.h"

namespace croft {

/// A config.yaml of LiteLLM's proxy: deployments become models, a name that several share becomes a
/// route with weights. Errors: InvalidArgument (no model_list).
Result<RouterImport> import_litellm(const ConfigNode& root);

/// A collection.router of Lemonade. Errors: InvalidArgument (no routing table, an unknown version,
/// `cloud` names what is no candidate).
Result<RouterImport> import_lemonade(const ConfigNode& root, const std::vector<std::string>& cloud);

}  // namespace croft
