#include "router/policy/parse_router.h"

#include <algorithm>
#include <utility>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"

namespace croft {
namespace {

/// The entries of one top-level table; a value in its place is a problem and counts as none.
const ConfigNode& table_of(const ConfigNode& root, std::string_view name, Problems& problems) {
  static const ConfigNode none;
  const ConfigNode* table = root.find(name);
  if (table == nullptr) return none;
  if (table->kind != NodeKind::Table) {
    problems.error(*table, "must be a table, not " + std::string(node_kind_text(table->kind)));
    return none;
  }
  if (table->items.size() > router_entries_max) {
    problems.error(*table, "has more than " + std::to_string(router_entries_max) + " entries");
    return none;
  }
  return *table;
}

std::string read_router(const ConfigNode& root, Problems& problems) {
  static const ConfigNode none;
  const ConfigNode* given = root.find("router");
  TableReader reader(given == nullptr ? none : *given, router_keys(), problems);
  const std::string currency = reader.text("currency");
  if (!is_currency(currency))
    problems.error(*reader.given("currency"), "must be three capital letters, such as EUR");
  reader.check_all_read();
  return currency;
}

/// An upstream or a model that no route reaches is most often a name that was mistyped elsewhere.
void check_used(const ConfigNode& upstreams, const ConfigNode& models, const RouterConfig& config,
                Problems& problems) {
  for (std::size_t i = 0; i < config.upstreams.size(); ++i)
    if (std::ranges::find(config.models, std::optional(i), &CandidateModel::upstream) ==
        config.models.end())
      problems.warning(upstreams.items[i], "is used by no model");
  for (std::size_t i = 0; i < models.items.size(); ++i) {
    const auto model = static_cast<std::uint32_t>(i);
    const bool used = std::ranges::any_of(config.routes, [&](const RouteConfig& route) {
      return std::ranges::find(route.local, model) != route.local.end() ||
             std::ranges::find(route.cloud, model) != route.cloud.end();
    });
    if (!used) problems.warning(models.items[i], "is used by no route");
  }
}

}  // namespace

bool check_name(const ConfigNode& node, Problems& problems) {
  const bool bad_byte =
      std::ranges::any_of(node.name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!node.name.empty() && node.name.size() <= name_bytes_max && !bad_byte &&
      node.name.front() != ' ' && node.name.back() != ' ')
    return true;
  problems.error(node, "has a name that is empty, longer than " + std::to_string(name_bytes_max) +
                           " bytes, or has control characters or spaces around it");
  return false;
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

ParsedRouter parse_router(const ConfigNode& root, const RouterSurroundings& surroundings) {
  Problems problems;
  auto config = std::make_shared<RouterConfig>();
  config->currency = read_router(root, problems);
  // Before the routes, whose conditions may name its types.
  config->privacy = parse_privacy(root, surroundings, problems);
  const ConfigNode& upstreams = table_of(root, "upstreams", problems);
  const ConfigNode& models = table_of(root, "models", problems);
  const ConfigNode& routes = table_of(root, "routes", problems);
  for (const ConfigNode& node : upstreams.items)
    config->upstreams.push_back(parse_upstream(node, problems));
  for (const ConfigNode& node : models.items)
    config->models.push_back(parse_model(node, *config, surroundings, problems));
  for (const ConfigNode& node : routes.items)
    config->routes.push_back(parse_route(node, surroundings, *config, problems));
  resolve_rules(routes, *config, problems);
  check_routes(routes, surroundings, *config, problems);
  check_used(upstreams, models, *config, problems);

  ParsedRouter parsed{.config = nullptr, .problems = problems.list()};
  if (problems.errors() == 0) parsed.config = std::move(config);
  return parsed;
}

Result<std::shared_ptr<const RouterConfig>> router_or_error(ParsedRouter parsed) {
  if (parsed.config == nullptr) return std::unexpected(first_error(parsed.problems));
  return std::move(parsed.config);
}

}  // namespace croft
