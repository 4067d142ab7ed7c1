#pragma once
/// The parser's parts, one file each. Every one goes on after a mistake, so that all are found.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "router/policy/parse_router.h"
#include "router/policy/problems.h"
#include "router/policy/router_config.h"

namespace croft {

inline constexpr std::size_t router_entries_max = 10'000;  ///< of each table
inline constexpr std::size_t rules_max = 1'000;            ///< of a route
inline constexpr std::size_t condition_depth_max = 8;
inline constexpr std::size_t name_bytes_max = 200;

/// `[privacy]`; null where it says nothing.
[[nodiscard]] std::shared_ptr<const privacy::CustomRules> parse_privacy(
    const ConfigNode& root, const RouterSurroundings& around, Problems& problems);
[[nodiscard]] UpstreamConfig parse_upstream(const ConfigNode& node, Problems& problems);
/// Needs config.upstreams and config.currency.
[[nodiscard]] CandidateModel parse_model(const ConfigNode& node, const RouterConfig& config,
                                         const RouterSurroundings& around, Problems& problems);
/// Adds local models that it names to config.models. Rules' `use` is resolved by resolve_rules,
/// once every route is known.
[[nodiscard]] RouteConfig parse_route(const ConfigNode& node, const RouterSurroundings& around,
                                      RouterConfig& config, Problems& problems);
void resolve_rules(const ConfigNode& routes, RouterConfig& config, Problems& problems);
[[nodiscard]] std::vector<Condition> parse_conditions(const ConfigNode& table, Problems& problems,
                                                      std::size_t depth = 0);

/// Rules that can never match, routes that go round in circles, candidates that cannot be compared.
void check_routes(const ConfigNode& routes, const RouterSurroundings& around,
                  const RouterConfig& config, Problems& problems);

/// Whether an entry's name may be one: not empty, not too long, no control characters.
bool check_name(const ConfigNode& node, Problems& problems);
/// Three capital letters.
[[nodiscard]] bool is_currency(std::string_view text);

}  // namespace croft
