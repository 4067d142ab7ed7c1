#pragma once
/// What was read of a LiteLLM configuration, on its way to croft.toml. Plain data.

#include <cstddef>
#include <string>
#include <vector>

#include "router/policy/config_node.h"

namespace croft {

struct LiteLlmUpstream {
  std::string name;
  std::string dialect;
  std::string url;
  std::string key_env;
  std::string organization;
  double total_ms = 0;  ///< 0: not given
  double retries = -1;  ///< below 0: not given
  bool insecure = false;

  [[nodiscard]] bool same_as(const LiteLlmUpstream& other) const {
    return dialect == other.dialect && url == other.url && key_env == other.key_env &&
           organization == other.organization && total_ms == other.total_ms &&
           retries == other.retries;
  }
};

/// One model at one upstream.
struct LiteLlmDeployment {
  std::string name;  ///< its entry in [models]
  std::size_t upstream = 0;
  std::string model;
  std::string in;  ///< prices per million as text; empty: not known
  std::string out;
  std::string cached;
  bool free = false;
  double context = 0;
  double weight = 1;
  bool weighted = false;
  std::vector<std::string> capabilities;  ///< empty: Croft's default
};

/// Deployments that clients ask for by one name: a route.
struct LiteLlmGroup {
  std::string name;
  const ConfigNode* first = nullptr;
  std::vector<std::size_t> deployments;
  std::vector<std::string> fallbacks;  ///< names of other groups
  bool is_alias = false;               ///< what is said of the original is not said again
};

struct LiteLlmRouter {
  std::vector<LiteLlmUpstream> upstreams;
  std::vector<LiteLlmDeployment> deployments;
  std::vector<LiteLlmGroup> groups;
  double breaker_failures = 0;  ///< 0: not given
  double cool_down_s = 0;       ///< 0: not given
  bool by_cost = false;

  /// Croft orders all candidates of a route one way: weights first, then a list, it cannot say.
  [[nodiscard]] bool is_listed(const LiteLlmGroup& group) const {
    return !group.fallbacks.empty() && !by_cost;
  }
};

/// As text for croft.toml. Requires: fallbacks name groups.
[[nodiscard]] std::string write_litellm(const LiteLlmRouter& router);

}  // namespace croft
