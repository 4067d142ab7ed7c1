#include "store/access/access_schema.h"

#include <array>

#include "store/database/migrate.h"
#include "store/key_secret.h"

namespace croft {
namespace {

// Money is nano-units, times are microseconds since 1970.
constexpr Sql version_1(
    "CREATE TABLE croft_team ("
    " id TEXT PRIMARY KEY, alias TEXT NOT NULL, models TEXT NOT NULL, max_budget BIGINT,"
    " budget_currency TEXT NOT NULL, budget_duration TEXT, rpm_limit BIGINT, tpm_limit BIGINT,"
    " max_parallel_requests BIGINT, blocked BIGINT NOT NULL, created BIGINT NOT NULL,"
    " updated BIGINT NOT NULL, deleted BIGINT);"
    "CREATE UNIQUE INDEX croft_team_alias ON croft_team (alias) WHERE deleted IS NULL;"
    "CREATE TABLE croft_key ("
    " id TEXT PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, alias TEXT NOT NULL,"
    " team TEXT REFERENCES croft_team (id), role TEXT NOT NULL, models TEXT NOT NULL,"
    " max_budget BIGINT, budget_currency TEXT NOT NULL, budget_duration TEXT, rpm_limit BIGINT,"
    " tpm_limit BIGINT, max_parallel_requests BIGINT, expires BIGINT, blocked BIGINT NOT NULL,"
    " created BIGINT NOT NULL, updated BIGINT NOT NULL, deleted BIGINT);"
    "CREATE UNIQUE INDEX croft_key_alias ON croft_key (alias) WHERE deleted IS NULL;"
    // One row: what hashes are made with, and a number that grows with every change above.
    "CREATE TABLE croft_access (one BIGINT PRIMARY KEY, pepper BYTEA NOT NULL,"
    " generation BIGINT NOT NULL);"
    // owner is a key's or a team's id. spent counts in the window, spent_ever since the beginning.
    "CREATE TABLE croft_budget ("
    " owner TEXT PRIMARY KEY, spent BIGINT NOT NULL, reserved BIGINT NOT NULL,"
    " spent_ever BIGINT NOT NULL, window_start BIGINT NOT NULL, window_end BIGINT NOT NULL,"
    " CHECK (reserved >= 0));"
    "CREATE TABLE croft_reservation ("
    " id TEXT PRIMARY KEY, request TEXT NOT NULL, server TEXT NOT NULL, key_owner TEXT,"
    " team_owner TEXT, amount BIGINT NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL,"
    " actual BIGINT, key_window BIGINT NOT NULL, team_window BIGINT NOT NULL,"
    " made BIGINT NOT NULL, ended BIGINT);"
    "CREATE INDEX croft_reservation_open ON croft_reservation (state, server);"
    "CREATE INDEX croft_reservation_ended ON croft_reservation (ended);"
    "CREATE TABLE croft_budget_server (id TEXT PRIMARY KEY, lease BIGINT NOT NULL,"
    " place TEXT NOT NULL);"
    "CREATE TABLE croft_price_list ("
    " version TEXT PRIMARY KEY, digest TEXT NOT NULL, dated TEXT NOT NULL, body TEXT NOT NULL,"
    " added BIGINT NOT NULL);"
    "CREATE TABLE croft_price_active (one BIGINT PRIMARY KEY,"
    " version TEXT NOT NULL REFERENCES croft_price_list (version))");

constexpr std::array<Migration, 1> migrations = {{{1, version_1}}};

}  // namespace

Result<void> prepare_access_tables(Database& database) {
  TRY(migrate(database, "access", migrations));
  const auto present = TRY(database.query_int64("SELECT count(*) FROM croft_access"));
  if (present.value_or(0) != 0) return {};
  TRY(start_key_secrets());
  std::array<std::uint8_t, 32> pepper{};
  fill_random(pepper);
  // Another process may be as far: the first one's stays.
  TRY(
      database.execute("INSERT INTO croft_access (one, pepper, generation) VALUES (1, ?1, 1) "
                       "ON CONFLICT (one) DO NOTHING",
                       {SqlParameter::Blob(std::as_bytes(std::span(pepper)))}));
  return {};
}

}  // namespace croft
