#include "cli/access_settings.h"
#include "cli/database_access.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

std::string team_state(const TeamRecord& team) {
  return team.deleted ? "deleted" : team.blocked ? "blocked" : "active";
}

Result<int> show(AccessStore& store, const TeamRecord& team, const Settings& settings) {
  const BudgetState budget = TRY(store.budget(team.id));
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(team_json(team, budget))));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"id", team.id}, {"alias", team.alias}, {"state", team_state(team)}};
  for (auto& row : limit_rows(team.limits, budget)) rows.push_back(std::move(row));
  rows.push_back({"created", utc_text(team.created)});
  TRY(print(text_columns(rows)));
  return 0;
}

Result<int> changed(const Settings& settings, const AccessChanges& changes) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const TeamRecord team = TRY(store.update_team(settings.arguments().front(), changes));
  return show(store, team, settings);
}

}  // namespace

Result<int> teams_create_verb(const Settings& settings) {
  AccessChanges what = TRY(access_changes(settings, false));
  what.alias = settings.arguments().front();
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const TeamRecord team = TRY(store.create_team(what));
  return show(store, team, settings);
}

Result<int> teams_list_verb(const Settings& settings) {
  std::optional<Database> database = TRY(open_database_if_there(settings));
  std::vector<std::vector<std::string>> rows = {{"ALIAS", "STATE", "BUDGET", "MODELS", "ID"}};
  json::array documents;
  if (database) {
    AccessStore store = TRY(AccessStore::open(*database));
    for (const TeamRecord& team : TRY(store.teams(settings.flag("all")))) {
      const BudgetState budget = TRY(store.budget(team.id));
      documents.push_back(team_json(team, budget));
      const std::string shown = budget_shown(team.limits, budget);
      rows.push_back({team.alias, team_state(team), shown.empty() ? "-" : shown,
                      models_shown(team.limits), team.id});
    }
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(documents)));
  } else if (rows.size() == 1) {
    note("there are no teams yet; `croft teams create ALIAS` makes one");
  } else {
    TRY(print(text_columns(rows)));
  }
  return 0;
}

Result<int> teams_show_verb(const Settings& settings) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const TeamRecord team = TRY(store.team(settings.arguments().front()));
  return show(store, team, settings);
}

Result<int> teams_update_verb(const Settings& settings) {
  AccessChanges changes = TRY(access_changes(settings, false));
  if (settings.has_value("alias")) changes.alias = settings.text("alias");
  return changed(settings, changes);
}

Result<int> teams_block_verb(const Settings& settings) {
  return changed(settings, {.blocked = !settings.flag("off")});
}

Result<int> teams_delete_verb(const Settings& settings) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const TeamRecord team = TRY(store.delete_team(settings.arguments().front()));
  return show(store, team, settings);
}

}  // namespace croft::cli
