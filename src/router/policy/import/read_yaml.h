#pragma once
/// YAML and JSON as a ConfigNode tree. yaml-cpp is seen by read_yaml.cpp only.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "router/policy/config_node.h"

namespace croft {

inline constexpr std::size_t yaml_depth_max = 64;
/// Counted as expanded: an alias costs what it stands for, so that a small file cannot become a
/// large tree.
inline constexpr std::size_t yaml_nodes_max = 50'000;

/// The first document. Plain scalars are resolved as PyYAML does (yes and off are booleans), `<<`
/// merges. Errors: InvalidArgument with file and line (syntax, a key given twice, a key that is no
/// scalar, too deep), TooLarge (yaml_nodes_max, or a text over import_bytes_max).
Result<ConfigNode> read_yaml(std::string_view text, const std::string& file);

/// The tree of a JSON document; it knows keys, not lines. Errors: TooLarge (yaml_nodes_max).
Result<ConfigNode> read_json_tree(const json::value& document, const std::string& file);

}  // namespace croft
