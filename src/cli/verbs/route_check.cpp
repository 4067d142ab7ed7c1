#include <array>
#include <cstdio>

#include "base/json.h"
#include "cli/router_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/policy/check_surroundings.h"
#include "router/policy/config_keys.h"

namespace croft::cli {
namespace {

constexpr int kExitMistakes = 1;

struct Checked {
  ParsedRouter router;
  std::size_t errors = 0;
};

std::string price_text(const CandidateModel& model) {
  if (model.is_local()) return "local";
  if (model.prices.unpriced) return "unpriced";
  if (model.prices.in == 0 && model.prices.out == 0) return "free";
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%g in, %g out per million tokens, %s", model.prices.in,
                model.prices.out, model.prices.currency.c_str());
  return text.data();
}

json::object candidate_json(const RouterConfig& config, std::uint32_t index) {
  const CandidateModel& model = config.models[index];
  json::object out{
      {"model", model.name},
      {"kind", model.is_local() ? "local" : "cloud"},
      {"context", model.context == 0 ? json::value(nullptr) : json::value(model.context)},
      {"capabilities", json::array{}}};
  json::array& capabilities = out["capabilities"].get_array();
  if (model.tools) capabilities.emplace_back("tools");
  if (model.json) capabilities.emplace_back("json");
  if (model.images) capabilities.emplace_back("images");
  if (model.is_local()) return out;
  out["upstream"] = config.upstreams[*model.upstream].name;
  out["weight"] = model.weight;
  if (model.prices.unpriced) {
    out["price"] = "unknown";
    return out;
  }
  out["price_in"] = model.prices.in;
  out["price_out"] = model.prices.out;
  out["price_cached"] = model.prices.cached;
  if (model.prices.cache_write) out["price_cache_write"] = *model.prices.cache_write;
  if (!model.prices.version.empty()) out["price_list"] = model.prices.version;
  out["currency"] = model.prices.currency;
  return out;
}

json::array routes_json(const RouterConfig& config) {
  json::array routes;
  for (const RouteConfig& route : config.routes) {
    json::array candidates;
    for (const auto* list : {&route.local, &route.cloud})
      for (const std::uint32_t model : *list)
        candidates.emplace_back(candidate_json(config, model));
    json::array rules;
    for (const RouteRule& rule : route.rules)
      rules.emplace_back(json::object{{"name", rule.name},
                                      {"use", rule.use_text},
                                      {"conditions", rule.when.size()},
                                      {"place", rule.place}});
    routes.emplace_back(json::object{{"route", route.name},
                                     {"default", route_mode_text(route.fallback)},
                                     {"candidates", std::move(candidates)},
                                     {"rules", std::move(rules)},
                                     {"place", route.place}});
  }
  return routes;
}

std::string check_json(const Checked& checked) {
  json::array problems;
  for (const ConfigProblem& problem : checked.router.problems)
    problems.emplace_back(json::object{{"severity", problem.is_error ? "error" : "warning"},
                                       {"place", problem.place},
                                       {"key", problem.key},
                                       {"message", problem.message},
                                       {"hint", problem.hint}});
  json::object out{{"ok", checked.errors == 0}, {"problems", std::move(problems)}};
  out["routes"] =
      checked.router.config == nullptr ? json::array() : routes_json(*checked.router.config);
  return json::serialize(out);
}

std::string routes_text(const RouterConfig& config) {
  std::string text;
  for (const RouteConfig& route : config.routes) {
    text += bold(escape_controls(route.name)) + "  " +
            dimmed("default " + std::string(route_mode_text(route.fallback))) + "\n";
    for (const auto* list : {&route.local, &route.cloud})
      for (const std::uint32_t model : *list)
        text += "  " + escape_controls(config.models[model].name) + "  " +
                dimmed(price_text(config.models[model])) + "\n";
    for (std::size_t i = 0; i < route.rules.size(); ++i)
      text += "  " + std::to_string(i + 1) + ". " + escape_controls(route.rules[i].name) + " -> " +
              escape_controls(route.rules[i].use_text) +
              (route.rules[i].when.empty() ? "  (always)" : "") + "\n";
  }
  return text;
}

void say_problems(const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    const Error error{.code = ErrorCode::InvalidArgument,
                      .message = problem.sentence(),
                      .hint = problem.hint,
                      .field = {}};
    const std::string line = std::string(problem.is_error ? "error: " : "warning: ") +
                             escape_controls(error.to_string()) + "\n";
    // Not a note: --quiet leaves errors to be said.
    if (problem.is_error || !is_quiet()) std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace

Result<int> route_check_verb(const Settings& settings) {
  if (settings.flag("keys")) {
    TRY(print(key_reference()));
    return 0;
  }
  Checked checked{.router = TRY(read_router(settings)), .errors = 0};
  if (checked.router.config != nullptr) {
    auto found = check_surroundings(*checked.router.config, process_environment());
    checked.router.problems.insert(checked.router.problems.end(), found.begin(), found.end());
  }
  for (const ConfigProblem& problem : checked.router.problems)
    checked.errors += problem.is_error ? 1 : 0;
  if (settings.flag("json")) {
    TRY(print_line(check_json(checked)));
  } else {
    say_problems(checked.router.problems);
    if (checked.router.config != nullptr) {
      TRY(print(routes_text(*checked.router.config)));
      if (checked.router.config->routes.empty()) note("there are no routes");
    }
  }
  return checked.errors == 0 ? 0 : kExitMistakes;
}

}  // namespace croft::cli
