#include "store/database/migrate.h"

#include "base/check.h"

namespace croft {
namespace {

// Any fixed number of ours: transactions that take the same one wait for each other.
constexpr Sql lock_text("SELECT 1", "SELECT pg_advisory_xact_lock(4851027760153817)");

Result<bool> has_versions(Database& database) {
  const auto found = TRY(database.query_int64(
      Sql("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'croft_schema'",
          "SELECT count(*) FROM pg_class WHERE oid = to_regclass('croft_schema')")));
  return found.value_or(0) != 0;
}

}  // namespace

Result<int> schema_version(Database& database, std::string_view component) {
  const bool present = TRY(has_versions(database));
  if (!present) return 0;
  const auto version = TRY(
      database.query_int64("SELECT version FROM croft_schema WHERE component = ?1", {component}));
  return static_cast<int>(version.value_or(0));
}

Result<void> migrate(Database& database, std::string_view component,
                     std::span<const Migration> migrations) {
  CHECK(!migrations.empty());
  const int newest = migrations.back().version;
  // Mostly there is nothing to do, and then nothing is written: a reader may come this far.
  const auto refuse_newer = [&](int version) -> Result<void> {
    if (version <= newest) return {};
    return fail(ErrorCode::Unsupported,
                "the database " + database.shown() + " has tables of a newer Croft ('" +
                    std::string(component) + "' version " + std::to_string(version) +
                    ", this program knows " + std::to_string(newest) + ")",
                "Use that Croft, or another --database.");
  };
  int version = TRY(schema_version(database, component));
  TRY(refuse_newer(version));
  if (version == newest) return {};
  Transaction transaction = TRY(database.begin());
  TRY(database.query(lock_text, {}, {}));
  TRY(
      database.script("CREATE TABLE IF NOT EXISTS croft_schema ("
                      "component TEXT PRIMARY KEY, version BIGINT NOT NULL)"));
  version = TRY(schema_version(database, component));  // another may have been faster
  TRY(refuse_newer(version));
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    CHECK(migration.version == version + 1);
    TRY(database.script(migration.script));
    version = migration.version;
  }
  TRY(
      database.execute("INSERT INTO croft_schema (component, version) VALUES (?1, ?2) "
                       "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                       {component, version}));
  return transaction.commit();
}

}  // namespace croft
