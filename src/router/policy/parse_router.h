#pragma once
/// From the configuration's tree to a RouterConfig, with every mistake named.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/policy/config_node.h"
#include "router/policy/problems.h"
#include "router/policy/router_config.h"

namespace croft {

/// What the parser may ask about this machine; without it, it takes names on trust.
struct RouterSurroundings {
  /// Installed models. A local candidate that is none of them is an error, a route of such a name
  /// too.
  std::optional<std::vector<std::string>> installed;
  /// Whether a name that is not among `installed` stands for a model all the same (a path).
  std::function<bool(const std::string& name)> is_model;
  /// Labels of an intent model; none where the file cannot be read (said elsewhere).
  std::function<std::optional<std::vector<std::string>>(const std::filesystem::path&)> labels;
  /// The text of a list of words.
  std::function<Result<std::string>(const std::filesystem::path&)> read_words;
  /// The price list's entry, "PROVIDER/MODEL" or a model alone. Errors: NotFound and what the list
  /// says. Without it such a model is unpriced.
  std::function<Result<TokenPrices>(const std::string& name)> listed_price = {};
};

struct ParsedRouter {
  std::shared_ptr<const RouterConfig> config;  ///< null where there is an error
  std::vector<ConfigProblem> problems;         ///< errors and warnings, as they were found
};

/// `root` has the tables of router_tables(); a missing one is empty.
[[nodiscard]] ParsedRouter parse_router(const ConfigNode& root,
                                        const RouterSurroundings& surroundings);

/// The configuration, or the first mistake. Errors: InvalidArgument.
Result<std::shared_ptr<const RouterConfig>> router_or_error(ParsedRouter parsed);

}  // namespace croft
