#include <algorithm>
#include <set>

#include "router/policy/parse_parts.h"

namespace croft {
namespace {

/// Whether everything that `later` asks, and more, is asked by nobody: each condition of `earlier`
/// stands in `later` too, so whatever matches `later` has matched `earlier`.
bool covers(const RouteRule& earlier, const RouteRule& later) {
  return std::ranges::all_of(earlier.when, [&](const Condition& condition) {
    return std::ranges::find(later.when, condition) != later.when.end();
  });
}

void check_reachable(const ConfigNode& rules, const RouteConfig& route, Problems& problems) {
  for (std::size_t later = 0; later < route.rules.size(); ++later)
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const RouteRule& first = route.rules[earlier];
      if (!covers(first, route.rules[later])) continue;
      problems.warning(rules.items[later],
                       "can never match: the rule " + first.name + " (" + first.place +
                           ") matches first, " +
                           (first.when.empty() ? "having no conditions"
                                               : "asking nothing that this one does not ask"));
      break;
    }
}

void visit_intents(const std::vector<Condition>& conditions, const auto& visit) {
  for (const Condition& condition : conditions) {
    if (condition.kind == ConditionKind::Intent) visit(condition);
    visit_intents(condition.children, visit);
  }
}

bool asks_intent(const std::vector<Condition>& conditions) {
  return std::ranges::any_of(conditions, [](const Condition& condition) {
    return condition.kind == ConditionKind::Intent ||
           condition.kind == ConditionKind::IntentBelow ||
           condition.kind == ConditionKind::NoIntentSignal || asks_intent(condition.children);
  });
}

void check_intents(const ConfigNode& rules, const RouteConfig& route,
                   const RouterSurroundings& around, Problems& problems) {
  const auto labels =
      route.intents.empty() || !around.labels ? std::nullopt : around.labels(route.intents);
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    const RouteRule& rule = route.rules[i];
    if (route.intents.empty() && asks_intent(rule.when))
      problems.warning(rules.items[i], "asks for an intent, and the route has no intent model",
                       "Name one with intents = FILE; `croft route train` makes it");
    if (!labels) continue;
    visit_intents(rule.when, [&](const Condition& condition) {
      for (const std::string& label : condition.texts)
        if (std::ranges::find(*labels, label) == labels->end())
          problems.error(rules.items[i],
                         "asks for the intent " + label + ", which the intent model does not know",
                         did_you_mean(label, *labels));
    });
  }
}

/// With privacy = "allow" nothing else catches what a failed detector lets through.
void check_privacy(const ConfigNode& rules, const RouteConfig& route, Problems& problems) {
  if (route.privacy != RoutePrivacy::Allow) return;
  for (std::size_t i = 0; i < route.rules.size(); ++i)
    for (const Condition& condition : route.rules[i].when)
      if (condition.kind == ConditionKind::Sensitivity && condition.any_found && !condition.unknown)
        problems.warning(rules.items[i],
                         "does not match where the detector fails, and privacy is \"allow\"",
                         "Write sensitivity = [\"any\", \"unknown\"]");
}

void check_currencies(const ConfigNode& node, const RouteConfig& route, const RouterConfig& config,
                      Problems& problems) {
  std::set<std::string> currencies;
  for (const std::uint32_t model : route.cloud)
    currencies.insert(config.models[model].prices.currency);
  std::string listed;
  for (const std::string& currency : currencies)
    listed += (listed.empty() ? "" : " and ") + currency;
  if (currencies.size() > 1)
    problems.error(node, "has candidates priced in " + listed + ", which cannot be compared",
                   "Give prices of one route in one currency: Croft converts none");
}

bool may_cascade(const RouteConfig& route) {
  return route.fallback == RouteMode::Cascade ||
         std::ranges::any_of(route.rules, [](const RouteRule& rule) {
           return !rule.use.route && rule.use.mode == RouteMode::Cascade;
         });
}

/// Depth first; `path` holds the routes under way. Says so once for each circle's entry.
void check_circles(const ConfigNode& routes, const RouterConfig& config, std::uint32_t at,
                   std::vector<std::uint8_t>& state, Problems& problems) {
  struct Step {
    std::uint32_t route;
    std::size_t rule;
  };
  std::vector<Step> path = {{at, 0}};  // not the call stack: a chain may be as long as the file
  state[at] = 1;
  while (!path.empty()) {
    Step& step = path.back();
    const RouteConfig& route = config.routes[step.route];
    if (step.rule == route.rules.size()) {
      state[step.route] = 2;
      path.pop_back();
      continue;
    }
    const RouteRule& rule = route.rules[step.rule++];
    if (!rule.use.route) continue;
    const std::uint32_t next = *rule.use.route;
    if (state[next] == 0) {
      state[next] = 1;
      path.push_back({next, 0});
    } else if (state[next] == 1) {
      problems.error(
          routes.find(route.name)->find("rules")->items[step.rule - 1],
          "goes on to " + config.routes[next].name + ", which leads back here: a circle of routes");
    }
  }
}

}  // namespace

void check_routes(const ConfigNode& routes, const RouterSurroundings& around,
                  const RouterConfig& config, Problems& problems) {
  static const ConfigNode none;
  for (const RouteConfig& route : config.routes) {
    const ConfigNode& node = *routes.find(route.name);
    const ConfigNode* given = node.find("rules");
    const ConfigNode& rules = given == nullptr ? none : *given;
    const bool is_model = config.find_model(route.name) != nullptr ||
                          (around.installed && std::ranges::find(*around.installed, route.name) !=
                                                   around.installed->end());
    if (is_model)
      problems.error(node, "has the name of a model: a request could mean either",
                     "Choose another name, such as croft/" + route.name);
    if (route.name.starts_with("local:"))
      problems.error(node, "has a name that begins with local:", "Leave that out of the name");
    if (may_cascade(route) && route.calibration.empty())
      problems.warning(node,
                       "cascades without a calibration: with no evidence that local answers "
                       "suffice, every answer escalates",
                       "`croft route calibrate` makes one; name it with calibration = FILE");
    check_currencies(node, route, config, problems);
    check_reachable(rules, route, problems);
    check_intents(rules, route, around, problems);
    check_privacy(rules, route, problems);
  }
  std::vector<std::uint8_t> state(config.routes.size(), 0);
  for (std::uint32_t i = 0; i < config.routes.size(); ++i)
    if (state[i] == 0) check_circles(routes, config, i, state, problems);
}

}  // namespace croft
