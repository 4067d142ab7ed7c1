#include "cli/access_settings.h"

#include <charconv>

#include "cli/terminal.h"
#include "store/prices/money.h"

namespace croft::cli {
namespace {

constexpr std::string_view nothing = "none";

std::unexpected<Error> wrong(std::string_view option, std::string_view must) {
  return fail(ErrorCode::InvalidArgument,
              "--" + std::string(option) + " must be " + std::string(must) + ", or none", {},
              std::string(option));
}

using Count = std::optional<std::optional<std::int64_t>>;

Result<Count> count_of(const Settings& settings, std::string_view option) {
  if (!settings.has_value(option)) return Count{};
  const std::string& text = settings.text(option);
  if (text == nothing) return Count{std::optional<std::int64_t>{}};
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 1)
    return wrong(option, "a whole number above 0");
  return Count{value};
}

double units(std::int64_t nano) {
  return static_cast<double>(nano) / static_cast<double>(nano_per_unit);
}

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

json::value time_or_null(const std::optional<UtcMicros>& time) {
  if (!time) return nullptr;
  return json::value(utc_text(*time));
}

void add_limits(json::object& out, const AccessLimits& limits, const BudgetState& budget) {
  json::array models;
  for (const std::string& model : limits.models) models.push_back(json::value(valid_utf8(model)));
  out["models"] = std::move(models);
  out["max_budget"] =
      limits.max_budget ? json::value(units(*limits.max_budget)) : json::value(nullptr);
  out["budget_currency"] = limits.budget_currency;
  out["budget_duration"] = limits.budget_duration
                               ? json::value(budget_period_text(*limits.budget_duration))
                               : json::value(nullptr);
  out["spend"] = units(budget.spent);
  out["reserved"] = units(budget.reserved);
  out["spend_ever"] = units(budget.spent_ever);
  out["budget_reset_at"] =
      budget.window.end == 0 ? json::value(nullptr) : json::value(utc_text(budget.window.end));
  out["rpm_limit"] = or_null(limits.rpm_limit);
  out["tpm_limit"] = or_null(limits.tpm_limit);
  out["max_parallel_requests"] = or_null(limits.max_parallel_requests);
}

std::string count_shown(const std::optional<std::int64_t>& count) {
  return count ? std::to_string(*count) : "-";
}

}  // namespace

Result<AccessChanges> access_changes(const Settings& settings, bool of_key) {
  AccessChanges changes;
  if (settings.has_value("models")) {
    std::vector<std::string> models = settings.list("models");
    if (models.size() == 1 && models.front() == nothing) models.clear();
    changes.models = std::move(models);
  }
  if (settings.has_value("max-budget")) {
    changes.max_budget.emplace();
    if (settings.text("max-budget") != nothing) {
      const auto nano = parse_nano(settings.text("max-budget"));
      if (!nano || *nano < 0) return wrong("max-budget", "an amount such as 20 or 0.50");
      changes.max_budget->emplace(*nano);
    }
  }
  if (settings.has_value("budget-currency"))
    changes.budget_currency = settings.text("budget-currency");
  if (settings.has_value("budget-duration")) {
    changes.budget_duration.emplace();
    if (settings.text("budget-duration") != nothing) {
      const BudgetPeriod period = TRY(parse_budget_period(settings.text("budget-duration")));
      changes.budget_duration->emplace(period);
    }
  }
  changes.rpm_limit = TRY(count_of(settings, "rpm-limit"));
  changes.tpm_limit = TRY(count_of(settings, "tpm-limit"));
  changes.max_parallel_requests = TRY(count_of(settings, "max-parallel-requests"));
  if (!of_key) return changes;
  if (settings.has_value("team"))
    changes.team = settings.text("team") == nothing ? std::string() : settings.text("team");
  if (settings.has_value("role")) {
    const KeyRole role = TRY(parse_key_role(settings.text("role")));
    changes.role = role;
  }
  if (settings.has_value("expires")) {
    changes.expires.emplace();
    if (settings.text("expires") != nothing) {
      const UtcMicros time = TRY(parse_expiry(settings.text("expires"), utc_now()));
      changes.expires->emplace(time);
    }
  }
  return changes;
}

json::object key_json(const KeyRecord& key, const TeamRecord* team, const BudgetState& budget) {
  json::object out{
      {"key_id", key.id},
      {"key_alias", valid_utf8(key.alias)},
      {"team_id", key.team.empty() ? json::value(nullptr) : json::value(key.team)},
      {"team_alias", team == nullptr ? json::value(nullptr) : json::value(valid_utf8(team->alias))},
      {"role", key_role_text(key.role)},
      {"state", key_state(key)}};
  add_limits(out, key.limits, budget);
  out["expires"] = time_or_null(key.expires);
  out["blocked"] = key.blocked;
  out["created_at"] = utc_text(key.created);
  out["updated_at"] = utc_text(key.updated);
  out["deleted_at"] = time_or_null(key.deleted);
  return out;
}

json::object team_json(const TeamRecord& team, const BudgetState& budget) {
  json::object out{{"team_id", team.id}, {"team_alias", valid_utf8(team.alias)}};
  add_limits(out, team.limits, budget);
  out["blocked"] = team.blocked;
  out["created_at"] = utc_text(team.created);
  out["updated_at"] = utc_text(team.updated);
  out["deleted_at"] = time_or_null(team.deleted);
  return out;
}

std::string key_state(const KeyRecord& key) {
  if (key.deleted) return "deleted";
  if (key.blocked) return "blocked";
  return key.expires && utc_now() >= *key.expires ? "expired" : "active";
}

std::string models_shown(const AccessLimits& limits) {
  std::string text;
  for (const std::string& model : limits.models) text += (text.empty() ? "" : " ") + model;
  return text.empty() ? "all" : text;
}

std::string budget_shown(const AccessLimits& limits, const BudgetState& budget) {
  if (!limits.max_budget) return {};
  std::string text =
      nano_text(budget.spent) + " of " + nano_text(*limits.max_budget, limits.budget_currency);
  if (limits.budget_duration) text += " in " + budget_period_text(*limits.budget_duration);
  return text;
}

std::vector<std::vector<std::string>> limit_rows(const AccessLimits& limits,
                                                 const BudgetState& budget) {
  std::vector<std::vector<std::string>> rows = {{"models", models_shown(limits)}};
  const std::string shown = budget_shown(limits, budget);
  rows.push_back({"budget", shown.empty() ? "-" : shown});
  if (!shown.empty()) {
    rows.push_back({"reserved", nano_text(budget.reserved, limits.budget_currency)});
    if (budget.window.end != 0) rows.push_back({"begins again", utc_text(budget.window.end)});
  }
  rows.push_back({"requests a minute", count_shown(limits.rpm_limit)});
  rows.push_back({"tokens a minute", count_shown(limits.tpm_limit)});
  rows.push_back({"requests at a time", count_shown(limits.max_parallel_requests)});
  return rows;
}

}  // namespace croft::cli
