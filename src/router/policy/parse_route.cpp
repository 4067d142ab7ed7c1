#include <algorithm>
#include <set>
#include <utility>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"

namespace croft {
namespace {

constexpr std::string_view kLocalPrefix = "local:";

std::vector<std::string> model_names(const RouterConfig& config) {
  std::vector<std::string> names;
  for (const CandidateModel& model : config.models) names.push_back(model.name);
  return names;
}

std::optional<std::uint32_t> index_of(const RouterConfig& config, std::string_view name) {
  const CandidateModel* found = config.find_model(name);
  if (found == nullptr) return std::nullopt;
  return static_cast<std::uint32_t>(found - config.models.data());
}

/// A local model that has no entry gets one, once for all routes.
std::optional<std::uint32_t> local_model(const ConfigNode& list, const std::string& written,
                                         const RouterSurroundings& around, RouterConfig& config,
                                         Problems& problems) {
  const bool prefixed = written.starts_with(kLocalPrefix);
  const std::string name = prefixed ? written.substr(kLocalPrefix.size()) : written;
  if (const auto found = index_of(config, name); found && config.models[*found].is_local())
    return found;
  if (index_of(config, name) && !prefixed) {
    problems.error(list, "names " + name + ", which is a model of an upstream",
                   "Name it under cloud, or write local:" + name + " for the installed model");
    return std::nullopt;
  }
  if (index_of(config, name)) {
    problems.error(list, "names " + written + ", and [models] has another " + name,
                   "Rename the entry: answers say which model gave them");
    return std::nullopt;
  }
  const bool installed = !around.installed ||
                         std::ranges::find(*around.installed, name) != around.installed->end() ||
                         (around.is_model && around.is_model(name));
  if (name.empty() || !installed) {
    std::vector<std::string> known = model_names(config);
    known.insert(known.end(), around.installed->begin(), around.installed->end());
    problems.error(list, "names " + written + ", which is no installed model and no [models] entry",
                   did_you_mean(name, known));
    return std::nullopt;
  }
  CandidateModel& added = config.models.emplace_back();
  added.name = added.model = name;
  added.prices.currency = config.currency;
  added.place = list.place();
  return static_cast<std::uint32_t>(config.models.size() - 1);
}

std::optional<std::uint32_t> cloud_model(const ConfigNode& list, const std::string& name,
                                         const RouterConfig& config, Problems& problems) {
  const auto found = index_of(config, name);
  if (!found) {
    problems.error(list, "names " + name + ", which is no entry of [models]",
                   did_you_mean(name, model_names(config)));
    return std::nullopt;
  }
  if (config.models[*found].is_local()) {
    problems.error(list, "names " + name + ", which is a model of this machine",
                   "Name it under local");
    return std::nullopt;
  }
  return found;
}

void read_candidates(TableReader& reader, const ConfigNode& node, const RouterSurroundings& around,
                     RouterConfig& config, RouteConfig& out, Problems& problems) {
  const ConfigNode* local = reader.given("local");
  const ConfigNode* cloud = reader.given("cloud");
  const auto add = [&](const ConfigNode& list, std::vector<std::uint32_t>& to,
                       std::optional<std::uint32_t> model) {
    if (!model) return;
    if (std::ranges::find(to, *model) != to.end())
      problems.error(list, "names " + config.models[*model].name + " twice");
    else
      to.push_back(*model);
  };
  for (const std::string& name : reader.texts("local"))
    add(*local, out.local, local_model(*local, name, around, config, problems));
  for (const std::string& name : reader.texts("cloud"))
    add(*cloud, out.cloud, cloud_model(*cloud, name, config, problems));
  if (node.find("local") == nullptr && node.find("cloud") == nullptr &&
      node.kind == NodeKind::Table && node.find("rules") == nullptr)
    problems.error(node, "has no candidates", "Give local, cloud, or both");
}

void read_rules(const ConfigNode& list, RouteConfig& out, Problems& problems) {
  std::set<std::string> names;
  if (list.items.size() > rules_max)
    problems.error(list, "are more than " + std::to_string(rules_max));
  for (const ConfigNode& node : list.items) {
    if (out.rules.size() == rules_max) break;
    RouteRule rule;
    rule.place = node.place();
    TableReader reader(node, rule_keys(), problems);
    reader.require("name");
    reader.require("use");
    rule.name = reader.text("name");
    rule.use_text = reader.text("use");
    rule.reason = reader.given("reason") != nullptr ? reader.text("reason") : rule.name;
    if (rule.name == "default")
      problems.error(node, "has the name default, which means that no rule matched");
    if (!rule.name.empty() && !names.insert(rule.name).second)
      problems.error(node, "has the name " + rule.name + ", as an earlier rule has");
    if (const ConfigNode* when = reader.given("when"); when != nullptr)
      rule.when = parse_conditions(*when, problems);
    reader.check_all_read();
    out.rules.push_back(std::move(rule));
  }
}

void read_default(TableReader& reader, const ConfigNode& node, RouteConfig& out,
                  Problems& problems) {
  const RouteMode natural = out.local.empty() && out.cloud.empty() ? RouteMode::Refuse
                            : out.local.empty()                    ? RouteMode::Cloud
                            : out.cloud.empty()                    ? RouteMode::Local
                                                                   : RouteMode::Cascade;
  out.fallback =
      static_cast<RouteMode>(reader.choice("default", static_cast<std::size_t>(natural)));
  const ConfigNode* given = reader.given("default");
  if (given == nullptr) return;
  if (out.fallback != RouteMode::Cloud && node.find("local") == nullptr)
    problems.error(*given, "needs local candidates, and the route has none");
  if (out.fallback != RouteMode::Local && node.find("cloud") == nullptr)
    problems.error(*given, "needs cloud candidates, and the route has none");
}

void read_cascade(TableReader& reader, RouteConfig& out) {
  out.calibration = reader.path("calibration");
  out.intents = reader.path("intents");
  out.commit = static_cast<CommitPolicy>(reader.choice("commit", 0));
  out.samples = static_cast<std::size_t>(reader.integer("samples"));
  out.speculative = reader.flag("speculative");
  out.after_first_byte = static_cast<AfterFirstByte>(reader.choice("after_first_byte", 0));
  out.shadow = reader.real("shadow");
  out.shadow_agreement = reader.real("shadow_agreement");
}

}  // namespace

RouteConfig parse_route(const ConfigNode& node, const RouterSurroundings& around,
                        RouterConfig& config, Problems& problems) {
  RouteConfig out;
  out.name = node.name;
  out.place = node.place();
  TableReader reader(node, route_keys(), problems);
  check_name(node, problems);
  read_candidates(reader, node, around, config, out, problems);
  out.order = static_cast<CandidateOrder>(reader.choice("order", 0));
  out.privacy = static_cast<RoutePrivacy>(reader.choice("privacy", 0));
  read_default(reader, node, out, problems);
  read_cascade(reader, out);
  if (const ConfigNode* rules = reader.given("rules"); rules != nullptr)
    read_rules(*rules, out, problems);
  reader.check_all_read();
  return out;
}

void resolve_rules(const ConfigNode& routes, RouterConfig& config, Problems& problems) {
  for (RouteConfig& route : config.routes) {
    const ConfigNode* node = routes.find(route.name);
    const ConfigNode* list = node == nullptr ? nullptr : node->find("rules");
    for (std::size_t i = 0; i < route.rules.size(); ++i) {
      RouteRule& rule = route.rules[i];
      const ConfigNode* blamed = list == nullptr ? nullptr : list->items[i].find("use");
      if (rule.use_text.empty() || blamed == nullptr) continue;
      std::vector<std::string> known = {"cascade", "local", "cloud", "refuse"};
      const auto mode = std::ranges::find(known, rule.use_text);
      if (mode != known.end()) {
        rule.use.mode = static_cast<RouteMode>(mode - known.begin());
        const bool to_local =
            rule.use.mode == RouteMode::Local || rule.use.mode == RouteMode::Cascade;
        const bool to_cloud =
            rule.use.mode == RouteMode::Cloud || rule.use.mode == RouteMode::Cascade;
        if (to_local && route.local.empty())
          problems.error(*blamed, "needs local candidates, and the route has none");
        else if (to_cloud && route.cloud.empty())
          problems.error(*blamed, "needs cloud candidates, and the route has none");
        continue;
      }
      const std::string name = rule.use_text.starts_with(kLocalPrefix)
                                   ? rule.use_text.substr(kLocalPrefix.size())
                                   : rule.use_text;
      for (const auto* candidates : {&route.local, &route.cloud})
        for (const std::uint32_t model : *candidates) {
          known.push_back(config.models[model].name);
          if (known.back() != name) continue;
          rule.use.model = model;
          rule.use.mode = config.models[model].is_local() ? RouteMode::Local : RouteMode::Cloud;
        }
      for (std::size_t r = 0; r < config.routes.size(); ++r) {
        known.push_back(config.routes[r].name);
        if (known.back() == rule.use_text && !rule.use.model)
          rule.use.route = static_cast<std::uint32_t>(r);
      }
      if (!rule.use.model && !rule.use.route)
        problems.error(*blamed,
                       "is '" + rule.use_text +
                           "', which is no candidate of this route, no route "
                           "and no mode",
                       did_you_mean(rule.use_text, known));
    }
  }
}

}  // namespace croft
