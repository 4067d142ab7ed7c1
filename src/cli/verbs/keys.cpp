#include <map>

#include "cli/access_settings.h"
#include "cli/database_access.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

/// The team of a key, where it has one.
Result<std::optional<TeamRecord>> team_of(AccessStore& store, const KeyRecord& key) {
  if (key.team.empty()) return std::optional<TeamRecord>{};
  TeamRecord team = TRY(store.team(key.team));
  return std::optional<TeamRecord>(std::move(team));
}

Result<int> show(AccessStore& store, const KeyRecord& key, const Settings& settings,
                 const std::string& secret = {}) {
  const std::optional<TeamRecord> team = TRY(team_of(store, key));
  const BudgetState budget = TRY(store.budget(key.id));
  if (settings.flag("json")) {
    json::object document = key_json(key, team ? &*team : nullptr, budget);
    if (!secret.empty()) document["key"] = secret;
    TRY(print_line(json::serialize(document)));
    return 0;
  }
  if (!secret.empty()) {
    TRY(print_line(secret));
    note("this key is shown once; Croft keeps only its hash");
    note("id " + key.id + ", alias " + key.alias);
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"id", key.id},
      {"alias", key.alias},
      {"state", key_state(key)},
      {"role", std::string(key_role_text(key.role))},
      {"team", team ? team->alias : "-"},
      {"expires", key.expires ? utc_text(*key.expires) : "never"}};
  for (auto& row : limit_rows(key.limits, budget)) rows.push_back(std::move(row));
  rows.push_back({"created", utc_text(key.created)});
  TRY(print(text_columns(rows)));
  return 0;
}

Result<int> changed(const Settings& settings, const AccessChanges& changes) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const KeyRecord key = TRY(store.update_key(settings.arguments().front(), changes));
  return show(store, key, settings);
}

}  // namespace

Result<int> keys_create_verb(const Settings& settings) {
  AccessChanges what = TRY(access_changes(settings, true));
  what.alias = settings.arguments().front();
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const NewKey made = TRY(store.create_key(what));
  return show(store, made.record, settings, made.key);
}

Result<int> keys_list_verb(const Settings& settings) {
  std::optional<Database> database = TRY(open_database_if_there(settings));
  std::vector<std::vector<std::string>> rows = {
      {"ALIAS", "STATE", "ROLE", "TEAM", "BUDGET", "MODELS", "ID"}};
  json::array documents;
  if (database) {
    AccessStore store = TRY(AccessStore::open(*database));
    std::map<std::string, TeamRecord> teams;
    for (TeamRecord& team : TRY(store.teams(true))) teams.emplace(team.id, std::move(team));
    for (const KeyRecord& key : TRY(store.keys(settings.flag("all")))) {
      const auto team = teams.find(key.team);
      const BudgetState budget = TRY(store.budget(key.id));
      documents.push_back(key_json(key, team == teams.end() ? nullptr : &team->second, budget));
      const std::string shown = budget_shown(key.limits, budget);
      rows.push_back({key.alias, key_state(key), std::string(key_role_text(key.role)),
                      team == teams.end() ? "-" : team->second.alias, shown.empty() ? "-" : shown,
                      models_shown(key.limits), key.id});
    }
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(documents)));
  } else if (rows.size() == 1) {
    note("there are no keys yet; `croft keys create ALIAS` makes one");
  } else {
    TRY(print(text_columns(rows)));
  }
  return 0;
}

Result<int> keys_show_verb(const Settings& settings) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const KeyRecord key = TRY(store.key(settings.arguments().front()));
  return show(store, key, settings);
}

Result<int> keys_update_verb(const Settings& settings) {
  AccessChanges changes = TRY(access_changes(settings, true));
  if (settings.has_value("alias")) changes.alias = settings.text("alias");
  return changed(settings, changes);
}

Result<int> keys_block_verb(const Settings& settings) {
  return changed(settings, {.blocked = !settings.flag("off")});
}

Result<int> keys_delete_verb(const Settings& settings) {
  Database database = TRY(open_database(settings));
  AccessStore store = TRY(AccessStore::open(database));
  const KeyRecord key = TRY(store.delete_key(settings.arguments().front()));
  return show(store, key, settings);
}

}  // namespace croft::cli
