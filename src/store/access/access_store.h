#pragma once
/// Keys and teams in the database. Every change raises a generation, by which running servers see
/// that they must read again. Nothing is ever erased: what is deleted keeps its row, so that old
/// rows of the ledger still mean somebody.
///
/// A key's hash is BLAKE2b with 256 random bits of the database as its key: enough, because a key
/// has 256 random bits of its own (api_keys.h), and one hash of what was sent finds it.

#include <optional>
#include <string>
#include <vector>

#include "store/access/access_record.h"
#include "store/database/database.h"

namespace croft {

struct NewKey {
  KeyRecord record;
  std::string key;  ///< stored nowhere: show it once
};

/// What `update` changes. A limit that is given and empty inside is taken away.
struct AccessChanges {
  std::optional<std::string> alias = {};
  std::optional<std::string> team = {};                  ///< of keys: id or alias; empty: none
  std::optional<KeyRole> role = {};                      ///< of keys
  std::optional<std::optional<UtcMicros>> expires = {};  ///< of keys
  std::optional<std::vector<std::string>> models = {};
  std::optional<std::optional<std::int64_t>> max_budget = {};
  std::optional<std::string> budget_currency = {};
  std::optional<std::optional<BudgetPeriod>> budget_duration = {};
  std::optional<std::optional<std::int64_t>> rpm_limit = {};
  std::optional<std::optional<std::int64_t>> tpm_limit = {};
  std::optional<std::optional<std::int64_t>> max_parallel_requests = {};
  std::optional<bool> blocked = {};
};

/// What a budget looks like just now.
struct BudgetState {
  std::int64_t spent = 0;
  std::int64_t reserved = 0;  ///< of requests under way
  std::int64_t spent_ever = 0;
  BudgetWindow window;
};

/// Threads: one at a time, as the database.
class AccessStore {
 public:
  /// Makes the tables where needed. `database` outlives it.
  static Result<AccessStore> open(Database& database);

  /// Errors: InvalidArgument (a field; an alias that is taken); NotFound (the team).
  Result<NewKey> create_key(const AccessChanges& what);
  Result<TeamRecord> create_team(const AccessChanges& what);

  /// Without those that are deleted, unless asked for; by time of creation.
  Result<std::vector<KeyRecord>> keys(bool with_deleted = false);
  Result<std::vector<TeamRecord>> teams(bool with_deleted = false);
  /// By id or alias. Errors: NotFound, with names that are near.
  Result<KeyRecord> key(std::string_view id_or_alias);
  Result<TeamRecord> team(std::string_view id_or_alias);

  Result<KeyRecord> update_key(std::string_view id_or_alias, const AccessChanges& changes);
  Result<TeamRecord> update_team(std::string_view id_or_alias, const AccessChanges& changes);
  Result<KeyRecord> delete_key(std::string_view id_or_alias);
  /// Errors: InvalidArgument where it still has keys.
  Result<TeamRecord> delete_team(std::string_view id_or_alias);

  /// Of a key's or team's id; all 0 where nothing was spent yet.
  Result<BudgetState> budget(std::string_view owner);

  Result<std::int64_t> generation();
  Result<std::array<std::uint8_t, 32>> pepper();

 private:
  explicit AccessStore(Database& database) : database_(&database) {}
  Result<Transaction> begin_change();
  /// Another duration: the next use begins a window, with what was spent so far in it.
  Result<void> restart_window(std::string_view owner);
  Result<void> apply(AccessLimits& limits, const AccessChanges& changes) const;
  Result<void> apply(KeyRecord& record, const AccessChanges& changes);
  Result<void> write(const KeyRecord& record, bool fresh);
  Result<void> write(const TeamRecord& record, bool fresh);
  [[nodiscard]] std::unexpected<Error> explain(const Error& error, std::string_view alias) const;

  Database* database_;
};

}  // namespace croft
