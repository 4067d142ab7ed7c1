#include "router/policy/explain.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "router/policy/problems.h"

namespace croft {
namespace {

/// The rules looked at, in order, the one that matched last; with the route each stands in.
struct LookedAt {
  const RouteConfig* route;
  const RouteRule* rule;
  Holds holds;
};

std::vector<LookedAt> looked_at(const RouterConfig& config, const RouteDecision& decision) {
  std::vector<LookedAt> rules;
  const RouteConfig* route = decision.asked;
  std::size_t missed = 0;
  for (std::size_t r = 0; r < route->rules.size(); ++r) {
    const RouteRule& rule = route->rules[r];
    const bool was_missed = missed < decision.missed.size() &&
                            decision.missed[missed].route == route &&
                            decision.missed[missed].rule == r;
    rules.push_back({route, &rule, was_missed ? decision.missed[missed++].holds : Holds::Yes});
    if (was_missed) continue;
    if (!rule.use.route) break;
    route = &config.routes[*rule.use.route];
    r = static_cast<std::size_t>(-1);
  }
  return rules;
}

json::object condition_json(const Condition& condition, const GateSignals& signals, WallClock now) {
  json::object out{{"condition", condition.key}};
  if (!condition.written.empty()) out["value"] = condition.written;
  out["holds"] = holds_text(evaluate(condition, signals, now));
  if (condition.children.empty()) return out;
  json::array children;
  for (const Condition& child : condition.children)
    children.emplace_back(condition_json(child, signals, now));
  out["conditions"] = std::move(children);
  return out;
}

json::object rule_json(const LookedAt& looked, const GateSignals& signals, WallClock now) {
  json::array conditions;
  for (const Condition& condition : looked.rule->when)
    conditions.emplace_back(condition_json(condition, signals, now));
  return {{"rule", looked.rule->name},
          {"route", looked.route->name},
          {"place", looked.rule->place},
          {"use", looked.rule->use_text},
          {"matched", looked.holds == Holds::Yes},
          {"result", holds_text(looked.holds)},
          {"conditions", std::move(conditions)}};
}

std::string_view sensitivity_text(SensitivitySignal signal) {
  switch (signal) {
    case SensitivitySignal::Unknown:
      return "unknown";
    case SensitivitySignal::None:
      return "none";
    case SensitivitySignal::Found:
      break;
  }
  return "found";
}

json::object signals_json(const GateSignals& signals, WallClock now) {
  json::object out{{"characters", signals.characters},
                   {"bytes", signals.text.size()},
                   {"total_bytes", signals.total_bytes},
                   {"tokens", signals.tokens},
                   {"answer_tokens", signals.answer_tokens},
                   {"tools", signals.tools},
                   {"json", signals.json},
                   {"images", signals.images},
                   {"code", nullptr},
                   {"intent", nullptr},
                   {"language", nullptr},
                   {"sensitivity", sensitivity_text(signals.sensitivity)},
                   {"tenant", nullptr},
                   {"deadline_ms", nullptr},
                   {"budget_left", nullptr}};
  if (signals.code) out["code"] = *signals.code;
  if (signals.intent)
    out["intent"] = {{"label", signals.intent->label},
                     {"probability", signals.intent->probability}};
  if (signals.language) out["language"] = *signals.language;
  if (!signals.entities.empty()) {
    json::array entities;
    for (const std::string_view entity : signals.entities) entities.emplace_back(entity);
    out["entities"] = std::move(entities);
  }
  if (!signals.tenant.empty()) out["tenant"] = signals.tenant;
  if (signals.deadline) out["deadline_ms"] = signals.deadline->count();
  if (signals.budget_left) out["budget_left"] = *signals.budget_left;
  std::array<char, 16> clock{};
  constexpr std::array<const char*, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::snprintf(clock.data(), clock.size(), "%s %02d:%02d",
                days[static_cast<std::size_t>(now.weekday)], now.minute / 60, now.minute % 60);
  out["time"] = clock.data();
  return out;
}

void condition_lines(std::string& out, const Condition& condition, const GateSignals& signals,
                     WallClock now, std::size_t indent) {
  out += std::string(indent, ' ') + condition.key;
  if (!condition.written.empty()) out += " = " + condition.written;
  out += ": " + std::string(holds_text(evaluate(condition, signals, now))) + "\n";
  for (const Condition& child : condition.children)
    condition_lines(out, child, signals, now, indent + 2);
}

/// What the decision is called in the row's own terms.
struct Labels {
  const RouterConfig& config;
  const RouteConfig& route;

  enum class Kind : std::uint8_t { Mode, Candidate, Rule, Nothing };

  [[nodiscard]] std::vector<const RouteConfig*> routes() const {
    std::vector<const RouteConfig*> reached = {&route};
    for (std::size_t i = 0; i < reached.size(); ++i)
      for (const RouteRule& rule : reached[i]->rules)
        if (rule.use.route &&
            std::ranges::find(reached, &config.routes[*rule.use.route]) == reached.end())
          reached.push_back(&config.routes[*rule.use.route]);
    return reached;
  }

  [[nodiscard]] std::vector<std::string> known() const {
    std::vector<std::string> names = {"local", "cloud", "cascade", "refuse", "default"};
    for (const RouteConfig* each : routes()) {
      for (const auto* models : {&each->local, &each->cloud})
        for (const std::uint32_t model : *models) names.push_back(config.models[model].name);
      for (const RouteRule& rule : each->rules) names.push_back(rule.name);
    }
    return names;
  }

  [[nodiscard]] Kind kind_of(std::string_view label) const {
    for (const RouteMode mode :
         {RouteMode::Cascade, RouteMode::Local, RouteMode::Cloud, RouteMode::Refuse})
      if (label == route_mode_text(mode)) return Kind::Mode;
    for (const RouteConfig* each : routes())
      for (const auto* models : {&each->local, &each->cloud})
        for (const std::uint32_t model : *models)
          if (config.models[model].name == label) return Kind::Candidate;
    for (const RouteConfig* each : routes())
      for (const RouteRule& rule : each->rules)
        if (rule.name == label) return Kind::Rule;
    return label == "default" ? Kind::Rule : Kind::Nothing;
  }

  [[nodiscard]] std::string of(const RouteDecision& decision, Kind kind) const {
    if (kind == Kind::Rule) return std::string(decided_by(decision));
    if (kind == Kind::Candidate && !decision.candidates.empty())
      return config.models[decision.candidates.front().model].name;
    return std::string(route_mode_text(decision.mode));
  }
};

class Confusion {
 public:
  void add(const std::string& expected, const std::string& decided) {
    const std::size_t row = place(expected);
    const std::size_t column = place(decided);
    ++counts_[row][column];
  }
  [[nodiscard]] json::object to_json() const {
    json::array labels;
    json::array counts;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      labels.emplace_back(labels_[i]);
      json::array row;
      for (std::size_t j = 0; j < labels_.size(); ++j) row.emplace_back(counts_[i][j]);
      counts.emplace_back(std::move(row));
    }
    return {{"labels", std::move(labels)}, {"counts", std::move(counts)}};
  }

 private:
  std::size_t place(const std::string& label) {
    const auto found = std::ranges::find(labels_, label);
    if (found != labels_.end()) return static_cast<std::size_t>(found - labels_.begin());
    labels_.push_back(label);
    return labels_.size() - 1;
  }

  std::vector<std::string> labels_;
  // Each of the rows adds two labels at most.
  std::array<std::array<std::uint32_t, 2 * dry_run_rows_max>, 2 * dry_run_rows_max> counts_{};
};

}  // namespace

std::string_view decided_by(const RouteDecision& decision) {
  return decision.rule == nullptr ? std::string_view("default")
                                  : std::string_view(decision.rule->name);
}

json::object decision_json(const RouterConfig& config, const RouteDecision& decision,
                           const GateSignals& signals, WallClock now) {
  json::array candidates;
  for (const ChosenCandidate& each : decision.candidates) {
    const CandidateModel& model = config.models[each.model];
    json::object out{{"model", model.name}, {"kind", model.is_local() ? "local" : "cloud"}};
    if (!model.is_local()) {
      out["upstream"] = config.upstreams[*model.upstream].name;
      out["cost_estimate"] =
          model.prices.unpriced ? json::value("unpriced") : json::value(each.cost);
      out["currency"] = model.prices.currency;
    }
    candidates.emplace_back(std::move(out));
  }
  json::array dropped;
  for (const DroppedCandidate& each : decision.dropped)
    dropped.emplace_back(json::object{{"model", config.models[each.model].name},
                                      {"reason", drop_reason_text(each.why)}});
  json::array rules;
  for (const LookedAt& looked : looked_at(config, decision))
    rules.emplace_back(rule_json(looked, signals, now));
  return {{"route", decision.asked->name},
          {"decided_in", decision.route->name},
          {"rule", decided_by(decision)},
          {"planned", route_mode_text(decision.planned)},
          {"mode", route_mode_text(decision.mode)},
          {"reason", decision_reason_text(decision.reason)},
          {"sentence", decision_sentence(config, decision)},
          {"candidates", std::move(candidates)},
          {"dropped", std::move(dropped)},
          {"rules", std::move(rules)},
          {"signals", signals_json(signals, now)}};
}

std::string decision_text(const RouterConfig& config, const RouteDecision& decision,
                          const GateSignals& signals, WallClock now) {
  std::string out = std::string(route_mode_text(decision.mode)) + ": " +
                    decision_sentence(config, decision) + "\n";
  for (const ChosenCandidate& each : decision.candidates) {
    const CandidateModel& model = config.models[each.model];
    out += "  candidate " + model.name;
    if (!model.is_local()) {
      std::array<char, 48> cost{};
      std::snprintf(cost.data(), cost.size(), ", about %.6f ", each.cost);
      out += " at " + config.upstreams[*model.upstream].name +
             (model.prices.unpriced ? ", unpriced" : cost.data() + model.prices.currency);
    }
    out += "\n";
  }
  for (const DroppedCandidate& each : decision.dropped)
    out += "  left out " + config.models[each.model].name + ": " +
           std::string(drop_reason_text(each.why)) + "\n";
  for (const LookedAt& looked : looked_at(config, decision)) {
    const bool matched = looked.holds == Holds::Yes;
    out += "rule '" + looked.rule->name + "' (" + looked.rule->place + "): " +
           (matched                     ? "matched"
            : looked.holds == Holds::No ? "did not match"
                                        : "did not match, a signal is missing") +
           "\n";
    for (const Condition& condition : looked.rule->when)
      condition_lines(out, condition, signals, now, 2);
  }
  return out;
}

Result<json::object> dry_run(const RouterConfig& config, const RouteConfig& route,
                             const std::vector<DryRunRow>& rows, WallClock now) {
  if (rows.size() > dry_run_rows_max)
    return fail(ErrorCode::TooLarge, "a dry run takes at most " + std::to_string(dry_run_rows_max) +
                                         " prompts, not " + std::to_string(rows.size()));
  const Labels labels{config, route};
  Confusion confusion;
  json::array decided;
  std::size_t labelled = 0;
  std::size_t right = 0;
  RouteDecision decision;
  for (const DryRunRow& row : rows) {
    decide(config, route, row.signals, now, decision);
    json::object out{{"mode", route_mode_text(decision.mode)},
                     {"candidate", nullptr},
                     {"rule", decided_by(decision)},
                     {"sentence", decision_sentence(config, decision)}};
    if (!decision.candidates.empty())
      out["candidate"] = config.models[decision.candidates.front().model].name;
    if (!row.expected.empty()) {
      const Labels::Kind kind = labels.kind_of(row.expected);
      if (kind == Labels::Kind::Nothing)
        return fail(ErrorCode::InvalidArgument,
                    row.name + " expects '" + row.expected +
                        "', which is no mode, candidate or rule of " + route.name,
                    did_you_mean(row.expected, labels.known()), "expected");
      const std::string got = labels.of(decision, kind);
      confusion.add(row.expected, got);
      out["expected"] = row.expected;
      out["right"] = got == row.expected;
      ++labelled;
      right += got == row.expected ? 1 : 0;
    }
    decided.emplace_back(std::move(out));
  }
  json::object result{{"route", route.name},
                      {"rows", std::move(decided)},
                      {"labelled", static_cast<std::int64_t>(labelled)},
                      {"right", static_cast<std::int64_t>(right)},
                      {"accuracy", nullptr},
                      {"confusion", confusion.to_json()}};
  if (labelled > 0) result["accuracy"] = static_cast<double>(right) / static_cast<double>(labelled);
  return result;
}

}  // namespace croft
