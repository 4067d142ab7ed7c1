#include "store/access/access_store.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include "base/random_bits.h"
#include "store/access/access_rows.h"
#include "store/access/access_schema.h"
#include "store/key_secret.h"
#include "store/near_names.h"

namespace croft {
namespace {

// Columns in the order that access_rows.h reads them.
constexpr Sql key_select(
    "SELECT id, alias, models, max_budget, budget_currency, budget_duration, rpm_limit, tpm_limit,"
    " max_parallel_requests, blocked, created, updated, deleted, hash, team, role, expires"
    " FROM croft_key ORDER BY created, id");
constexpr Sql team_select(
    "SELECT id, alias, models, max_budget, budget_currency, budget_duration, rpm_limit, tpm_limit,"
    " max_parallel_requests, blocked, created, updated, deleted"
    " FROM croft_team ORDER BY created, id");

std::string new_id(std::string_view prefix) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id(prefix);
  std::uint64_t bits = random_bits();
  for (int i = 0; i < 16; ++i, bits >>= 4) id += digits[bits & 15];
  return id;
}

/// The one of that id, or with that alias; those that are deleted only by id.
template <typename Record>
Result<Record> pick(std::vector<Record> records, std::string_view wanted, std::string_view kind,
                    std::string_view verb) {
  std::vector<std::string> names;
  for (Record& record : records) {
    if (record.id == wanted || (!record.deleted && record.alias == wanted))
      return std::move(record);
    if (!record.deleted) names.push_back(record.alias);
  }
  const auto near = near_names(wanted, std::move(names), 3);
  std::string hint;
  for (const std::string& each : near) hint += (hint.empty() ? "Near names: " : ", ") + each;
  if (hint.empty()) hint = "`croft " + std::string(verb) + " list` shows all";
  return fail(ErrorCode::NotFound,
              "there is no " + std::string(kind) + " '" + std::string(wanted.substr(0, 128)) + "'",
              std::move(hint));
}

}  // namespace

Result<AccessStore> AccessStore::open(Database& database) {
  TRY(start_key_secrets());
  TRY(prepare_access_tables(database));
  return AccessStore(database);
}

Result<Transaction> AccessStore::begin_change() {
  Transaction transaction = TRY(database_->begin());
  // First, because PostgreSQL locks the row for it: changes come one after the other.
  TRY(database_->execute("UPDATE croft_access SET generation = generation + 1"));
  return transaction;
}

Result<void> AccessStore::restart_window(std::string_view owner) {
  TRY(database_->execute(
      "UPDATE croft_budget SET window_start = 0, window_end = 0 WHERE owner = ?1", {owner}));
  return {};
}

Result<std::int64_t> AccessStore::generation() {
  return TRY(database_->query_int64("SELECT generation FROM croft_access")).value_or(0);
}

Result<std::array<std::uint8_t, 32>> AccessStore::pepper() {
  std::array<std::uint8_t, 32> pepper{};
  bool found = false;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    const auto bytes = TRY(row.blob(0));
    found = bytes.size() == pepper.size();
    if (found) std::memcpy(pepper.data(), bytes.data(), bytes.size());
    return {};
  };
  TRY(database_->query("SELECT pepper FROM croft_access", {}, read_row));
  if (!found)
    return fail(ErrorCode::Corrupt, "the database " + database_->shown() +
                                        " has lost what its keys' hashes are made with");
  return pepper;
}

Result<void> AccessStore::apply(AccessLimits& limits, const AccessChanges& changes) const {
  if (changes.models) limits.models = *changes.models;
  if (changes.max_budget) limits.max_budget = *changes.max_budget;
  if (changes.budget_currency) limits.budget_currency = *changes.budget_currency;
  if (changes.budget_duration) limits.budget_duration = *changes.budget_duration;
  // A budget that is taken away takes its duration along.
  if (!limits.max_budget && !changes.budget_duration) limits.budget_duration.reset();
  if (changes.rpm_limit) limits.rpm_limit = *changes.rpm_limit;
  if (changes.tpm_limit) limits.tpm_limit = *changes.tpm_limit;
  if (changes.max_parallel_requests) limits.max_parallel_requests = *changes.max_parallel_requests;
  return check_access_limits(limits);
}

Result<void> AccessStore::apply(KeyRecord& record, const AccessChanges& changes) {
  if (changes.alias) record.alias = *changes.alias;
  TRY(check_access_alias(record.alias));
  if (changes.team) {
    record.team.clear();
    if (!changes.team->empty()) {
      const TeamRecord found = TRY(team(*changes.team));
      if (found.deleted)
        return fail(ErrorCode::NotFound, "the team '" + found.alias + "' is deleted", {}, "team");
      record.team = found.id;
    }
  }
  if (changes.role) record.role = *changes.role;
  if (changes.expires) record.expires = *changes.expires;
  if (changes.blocked) record.blocked = *changes.blocked;
  return apply(record.limits, changes);
}

std::unexpected<Error> AccessStore::explain(const Error& error, std::string_view alias) const {
  if (database_->fault() == DatabaseFault::Constraint)
    return fail(ErrorCode::InvalidArgument, "the alias '" + std::string(alias) + "' is taken",
                "Choose another", "alias");
  return std::unexpected(error);
}

Result<void> AccessStore::write(const KeyRecord& record, bool fresh) {
  const std::optional<std::string> team =
      record.team.empty() ? std::nullopt : std::optional(record.team);
  const SqlParameter::Blob hash = std::as_bytes(std::span(record.hash));
  const auto written =
      fresh ? database_->execute(
                  "INSERT INTO croft_key (id, alias, models, max_budget, budget_currency,"
                  " budget_duration, rpm_limit, tpm_limit, max_parallel_requests, blocked, created,"
                  " updated, deleted, hash, team, role, expires) VALUES"
                  " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                  {record.id, record.alias, models_text(record.limits.models),
                   record.limits.max_budget, record.limits.budget_currency,
                   duration_text(record.limits), record.limits.rpm_limit, record.limits.tpm_limit,
                   record.limits.max_parallel_requests, record.blocked, record.created,
                   record.updated, record.deleted, hash, team, key_role_text(record.role),
                   record.expires})
            : database_->execute(
                  "UPDATE croft_key SET alias = ?2, models = ?3, max_budget = ?4,"
                  " budget_currency = ?5, budget_duration = ?6, rpm_limit = ?7, tpm_limit = ?8,"
                  " max_parallel_requests = ?9, blocked = ?10, updated = ?11, deleted = ?12,"
                  " team = ?13, role = ?14, expires = ?15 WHERE id = ?1",
                  {record.id, record.alias, models_text(record.limits.models),
                   record.limits.max_budget, record.limits.budget_currency,
                   duration_text(record.limits), record.limits.rpm_limit, record.limits.tpm_limit,
                   record.limits.max_parallel_requests, record.blocked, record.updated,
                   record.deleted, team, key_role_text(record.role), record.expires});
  if (!written) return explain(written.error(), record.alias);
  return {};
}

Result<void> AccessStore::write(const TeamRecord& record, bool fresh) {
  const auto written =
      fresh ? database_->execute(
                  "INSERT INTO croft_team (id, alias, models, max_budget, budget_currency,"
                  " budget_duration, rpm_limit, tpm_limit, max_parallel_requests, blocked, created,"
                  " updated, deleted) VALUES"
                  " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                  {record.id, record.alias, models_text(record.limits.models),
                   record.limits.max_budget, record.limits.budget_currency,
                   duration_text(record.limits), record.limits.rpm_limit, record.limits.tpm_limit,
                   record.limits.max_parallel_requests, record.blocked, record.created,
                   record.updated, record.deleted})
            : database_->execute(
                  "UPDATE croft_team SET alias = ?2, models = ?3, max_budget = ?4,"
                  " budget_currency = ?5, budget_duration = ?6, rpm_limit = ?7, tpm_limit = ?8,"
                  " max_parallel_requests = ?9, blocked = ?10, updated = ?11, deleted = ?12"
                  " WHERE id = ?1",
                  {record.id, record.alias, models_text(record.limits.models),
                   record.limits.max_budget, record.limits.budget_currency,
                   duration_text(record.limits), record.limits.rpm_limit, record.limits.tpm_limit,
                   record.limits.max_parallel_requests, record.blocked, record.updated,
                   record.deleted});
  if (!written) return explain(written.error(), record.alias);
  return {};
}

Result<NewKey> AccessStore::create_key(const AccessChanges& what) {
  Transaction transaction = TRY(begin_change());
  NewKey made;
  made.record.id = new_id("key-");
  made.record.created = made.record.updated = utc_now();
  TRY(apply(made.record, what));
  made.key = make_api_key();
  made.record.hash = hash_api_key(made.key, TRY(pepper()));
  TRY(write(made.record, true));
  TRY(transaction.commit());
  return made;
}

Result<TeamRecord> AccessStore::create_team(const AccessChanges& what) {
  Transaction transaction = TRY(begin_change());
  TeamRecord made;
  made.id = new_id("team-");
  made.created = made.updated = utc_now();
  made.alias = what.alias.value_or("");
  made.blocked = what.blocked.value_or(false);
  TRY(check_access_alias(made.alias));
  TRY(apply(made.limits, what));
  TRY(write(made, true));
  TRY(transaction.commit());
  return made;
}

Result<std::vector<KeyRecord>> AccessStore::keys(bool with_deleted) {
  std::vector<KeyRecord> found;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    KeyRecord record = TRY(key_from_row(row));
    if (with_deleted || !record.deleted) found.push_back(std::move(record));
    return {};
  };
  TRY(database_->query(key_select, {}, read_row));
  return found;
}

Result<std::vector<TeamRecord>> AccessStore::teams(bool with_deleted) {
  std::vector<TeamRecord> found;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    TeamRecord record = TRY(team_from_row(row));
    if (with_deleted || !record.deleted) found.push_back(std::move(record));
    return {};
  };
  TRY(database_->query(team_select, {}, read_row));
  return found;
}

Result<KeyRecord> AccessStore::key(std::string_view id_or_alias) {
  return pick(TRY(keys(true)), id_or_alias, "key", "keys");
}

Result<TeamRecord> AccessStore::team(std::string_view id_or_alias) {
  return pick(TRY(teams(true)), id_or_alias, "team", "teams");
}

Result<KeyRecord> AccessStore::update_key(std::string_view id_or_alias,
                                          const AccessChanges& changes) {
  Transaction transaction = TRY(begin_change());
  KeyRecord record = TRY(key(id_or_alias));
  if (record.deleted)
    return fail(ErrorCode::InvalidArgument, "the key '" + record.alias + "' is deleted",
                "Make a new one");
  const auto period = record.limits.budget_duration;
  TRY(apply(record, changes));
  if (record.limits.budget_duration != period) TRY(restart_window(record.id));
  record.updated = utc_now();
  TRY(write(record, false));
  TRY(transaction.commit());
  return record;
}

Result<TeamRecord> AccessStore::update_team(std::string_view id_or_alias,
                                            const AccessChanges& changes) {
  Transaction transaction = TRY(begin_change());
  TeamRecord record = TRY(team(id_or_alias));
  if (record.deleted)
    return fail(ErrorCode::InvalidArgument, "the team '" + record.alias + "' is deleted",
                "Make a new one");
  if (changes.alias) record.alias = *changes.alias;
  TRY(check_access_alias(record.alias));
  if (changes.blocked) record.blocked = *changes.blocked;
  const auto period = record.limits.budget_duration;
  TRY(apply(record.limits, changes));
  if (record.limits.budget_duration != period) TRY(restart_window(record.id));
  record.updated = utc_now();
  TRY(write(record, false));
  TRY(transaction.commit());
  return record;
}

Result<KeyRecord> AccessStore::delete_key(std::string_view id_or_alias) {
  Transaction transaction = TRY(begin_change());
  KeyRecord record = TRY(key(id_or_alias));
  if (record.deleted) return record;  // twice is no mistake
  record.deleted = record.updated = utc_now();
  TRY(write(record, false));
  TRY(transaction.commit());
  return record;
}

Result<TeamRecord> AccessStore::delete_team(std::string_view id_or_alias) {
  Transaction transaction = TRY(begin_change());
  TeamRecord record = TRY(team(id_or_alias));
  if (record.deleted) return record;
  for (const KeyRecord& each : TRY(keys()))
    if (each.team == record.id)
      return fail(ErrorCode::InvalidArgument,
                  "the team '" + record.alias + "' still has the key '" + each.alias + "'",
                  "Delete its keys first, or give them another team");
  record.deleted = record.updated = utc_now();
  TRY(write(record, false));
  TRY(transaction.commit());
  return record;
}

Result<BudgetState> AccessStore::budget(std::string_view owner) {
  BudgetState state;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    state.spent = TRY(row.int64(0));
    state.reserved = TRY(row.int64(1));
    state.spent_ever = TRY(row.int64(2));
    state.window = {TRY(row.int64(3)), TRY(row.int64(4))};
    return {};
  };
  TRY(database_->query(
      "SELECT spent, reserved, spent_ever, window_start, window_end FROM croft_budget"
      " WHERE owner = ?1",
      {owner}, read_row));
  return state;
}

}  // namespace croft
