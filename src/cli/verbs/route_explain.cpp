#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>
#include <utility>

#include "base/json.h"
#include "cli/router_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/gates/run_gates.h"
#include "router/policy/assume.h"
#include "router/policy/explain.h"
#include "router/policy/problems.h"

namespace croft::cli {
namespace {

constexpr std::string_view kUsualRoute = "croft/auto";

Result<const RouteConfig*> find_route(const RouterConfig& config, const Settings& settings) {
  if (config.routes.empty())
    return fail(ErrorCode::NotFound, "the configuration has no routes",
                "Add [routes.\"croft/auto\"] to croft.toml; docs/routing-config.md shows how");
  std::vector<std::string> names;
  for (const RouteConfig& route : config.routes) names.push_back(route.name);
  if (settings.has_value("route")) {
    const std::string& name = settings.text("route");
    const RouteConfig* route = config.find_route(name);
    if (route == nullptr)
      return fail(ErrorCode::NotFound, "there is no route " + name, did_you_mean(name, names),
                  "route");
    return route;
  }
  if (config.routes.size() == 1) return &config.routes.front();
  const RouteConfig* usual = config.find_route(kUsualRoute);
  if (usual == nullptr)
    return fail(ErrorCode::InvalidArgument,
                "there are " + std::to_string(names.size()) + " routes, none called croft/auto",
                "Say which with --route. " + did_you_mean("", names), "route");
  return usual;
}

/// "2026-11-23T22:30" or "mon 22:30".
Result<WallClock> read_at(const std::string& text) {
  constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = -1;
  int minute = -1;
  char tail = 0;
  std::array<char, 4> name{};
  int weekday = -1;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d%c", &year, &month, &day, &hour, &minute,
                  &tail) == 5) {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (date.ok())
      weekday =
          static_cast<int>(std::chrono::weekday(std::chrono::sys_days(date)).iso_encoding()) - 1;
  } else if (std::sscanf(text.c_str(), "%3[a-z] %2d:%2d%c", name.data(), &hour, &minute, &tail) ==
             3) {
    const auto found = std::ranges::find(days, std::string_view(name.data()));
    if (found != days.end()) weekday = static_cast<int>(found - days.begin());
  }
  if (weekday < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return fail(ErrorCode::InvalidArgument, "--at is '" + text + "', which is no time",
                "Write 2026-11-23T22:30 or mon 22:30", "at");
  return WallClock{.weekday = weekday, .minute = hour * 60 + minute};
}

json::object chat_of(std::string_view prompt) {
  json::array messages;
  messages.emplace_back(json::object{{"role", "user"}, {"content", valid_utf8(prompt)}});
  return {{"messages", std::move(messages)}};
}

RequestFacts facts_of(std::string_view tenant) {
  RequestFacts facts;
  facts.tenant = tenant;
  return facts;
}

struct DryRunInput {
  json::object body;
  std::string tenant;
  GateScratch scratch;
};

/// The route's own; null where it has none.
Result<std::optional<IntentModel>> intents_of(const RouteConfig& route) {
  if (route.intents.empty()) return std::optional<IntentModel>();
  return std::optional<IntentModel>(TRY(IntentModel::load(route.intents)));
}

/// One line of --file. Errors: InvalidArgument, with the line.
Result<DryRunRow> read_row(std::string_view line, const std::string& where,
                           const std::string& tenant, const AssumedSignals& assumed,
                           const IntentModel* intents, DryRunInput& input) {
  const json::value value = TRY(parse_json(line, where));
  const json::object* row = value.if_object();
  if (row == nullptr)
    return fail(ErrorCode::InvalidArgument, where + " is no JSON object",
                "A line is {\"prompt\": ...} or {\"request\": {...}}");
  const std::vector<std::string> known = {"prompt", "request", "expected", "tenant"};
  for (const auto& member : *row) {
    const std::string name(member.key());
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::InvalidArgument, where + " has the unknown field '" + name + "'",
                  did_you_mean(name, known), name);
    const bool is_right =
        name == "request" ? member.value().is_object() : member.value().is_string();
    if (!is_right)
      return fail(
          ErrorCode::InvalidArgument,
          where + ": " + name + " must be " + (name == "request" ? "an object" : "a string"), {},
          name);
  }
  const auto prompt = find_string(value, "prompt");
  const json::value* request = find(*row, "request");
  if (prompt.has_value() == (request != nullptr))
    return fail(ErrorCode::InvalidArgument, where + " must have one of prompt and request");
  input.body = prompt ? chat_of(*prompt) : request->get_object();
  input.tenant = find_string(value, "tenant").value_or(tenant);
  DryRunRow out{
      .name = where,
      .signals = run_gates(input.body, facts_of(input.tenant), intents, input.scratch).signals,
      .expected = std::string(find_string(value, "expected").value_or(""))};
  assumed.apply(out.signals);
  return out;
}

std::string dry_run_text(const json::object& result) {
  std::string text;
  std::size_t number = 0;
  for (const json::value& row : result.at("rows").as_array()) {
    const auto expected = find_string(row, "expected");
    const bool right = find_bool(row, "right").value_or(true);
    text += std::to_string(++number) + ". " +
            (right ? "" : "WRONG, expected " + std::string(expected.value_or("")) + ": ") +
            escape_controls(find_string(row, "mode").value_or("")) + ": " +
            escape_controls(find_string(row, "sentence").value_or("")) + "\n";
  }
  const auto labelled = find_int(result, "labelled").value_or(0);
  if (labelled == 0) return text;
  text += "\n" + std::to_string(find_int(result, "right").value_or(0)) + " of " +
          std::to_string(labelled) + " as expected\n\nexpected \\ decided";
  const json::object& confusion = result.at("confusion").as_object();
  const json::array& labels = confusion.at("labels").as_array();
  for (const json::value& label : labels) text += "\t" + std::string(label.as_string());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += "\n" + std::string(labels[i].as_string());
    for (const json::value& count : confusion.at("counts").as_array()[i].as_array())
      text += "\t" + json::serialize(count);
  }
  return text + "\n";
}

Result<int> explain_file(const Settings& settings, const RouterConfig& config,
                         const RouteConfig& route, const AssumedSignals& assumed,
                         const IntentModel* intents, WallClock now) {
  const std::string& file = settings.text("file");
  const std::string text = TRY(read_file_or_stdin(file, limits::request_body_bytes_max));
  std::deque<DryRunInput> inputs;  // rows point into them
  std::vector<DryRunRow> rows;
  std::string_view rest = text;
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = file + ":" + std::to_string(line_number);
    DryRunRow row = TRY(
        read_row(line, where, settings.text("tenant"), assumed, intents, inputs.emplace_back()));
    rows.push_back(std::move(row));
    if (rows.size() > dry_run_rows_max) break;  // dry_run says so
  }
  if (rows.empty()) return fail(ErrorCode::InvalidArgument, file + " has no prompt in it");
  const json::object result = TRY(dry_run(config, route, rows, now));
  TRY(settings.flag("json") ? print_line(json::serialize(result)) : print(dry_run_text(result)));
  return 0;
}

}  // namespace

Result<int> route_explain_verb(const Settings& settings) {
  ParsedRouter parsed = TRY(read_router(settings));
  const auto config = TRY(router_or_error(std::move(parsed)));
  const RouteConfig* route = TRY(find_route(*config, settings));
  WallClock now = wall_clock(std::chrono::system_clock::now());
  if (settings.has_value("at")) now = TRY(read_at(settings.text("at")));
  AssumedSignals assumed;
  for (const std::string& each : settings.list("assume")) TRY(assumed.add(each));

  const bool has_prompt = !settings.arguments().empty();
  if (has_prompt == settings.has_value("file"))
    return fail(ErrorCode::InvalidArgument,
                has_prompt ? "a prompt and --file are both given" : "no prompt is given",
                "Give a prompt, or --file with several");
  const std::optional<IntentModel> intents = TRY(intents_of(*route));
  const IntentModel* model = intents ? &*intents : nullptr;
  if (!has_prompt) return explain_file(settings, *config, *route, assumed, model, now);

  std::string prompt = settings.arguments().front();
  if (prompt == "-") prompt = TRY(read_stdin(limits::request_body_bytes_max));
  GateScratch scratch;
  const json::object body = chat_of(prompt);
  GateSignals signals = run_gates(body, facts_of(settings.text("tenant")), model, scratch).signals;
  assumed.apply(signals);
  RouteDecision decision;
  decide(*config, *route, signals, now, decision);
  if (settings.flag("json"))
    TRY(print_line(json::serialize(decision_json(*config, decision, signals, now))));
  else
    TRY(print(escape_controls(decision_text(*config, decision, signals, now))));
  return 0;
}

}  // namespace croft::cli
