#pragma once
/// The statements of the ledger, as literals (sql.h); for ledger/ only. ledger_columns.h has the
/// same columns in the same order, and a test that says so.

#include "store/database/migrate.h"

namespace croft::ledger_sql {

// Macros, because only literals can be joined by the compiler.
#define CROFT_LEDGER_NAMES                                                     \
  "id, time_us, server, endpoint, tenant, team, key_id, route, rule, reason, " \
  "gates, features, requested_model, model, provider, attempts, escalated, "   \
  "streamed, http_status, outcome, prompt_tokens, cached_tokens, "             \
  "cache_write_tokens, completion_tokens, queue_us, gates_us, local_us, "      \
  "first_token_us, total_us, price_version, currency, cloud_cost_state, "      \
  "cloud_cost_nano, counterfactual_cost_state, counterfactual_cost_nano, "     \
  "local_cost_state, local_cost_nano, energy_uj, energy_method, reservation, " \
  "request_id, reference_version"
#define CROFT_LEDGER_FIELDS                                                      \
  "id TEXT NOT NULL, time_us BIGINT NOT NULL, server TEXT NOT NULL, "            \
  "endpoint TEXT NOT NULL, tenant TEXT NOT NULL, team TEXT NOT NULL, "           \
  "key_id TEXT NOT NULL, route TEXT NOT NULL, rule TEXT NOT NULL, "              \
  "reason TEXT NOT NULL, gates TEXT NOT NULL, features TEXT NOT NULL, "          \
  "requested_model TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, " \
  "attempts TEXT NOT NULL, escalated BIGINT NOT NULL, "                          \
  "streamed BIGINT NOT NULL, http_status BIGINT NOT NULL, "                      \
  "outcome TEXT NOT NULL, prompt_tokens BIGINT, cached_tokens BIGINT, "          \
  "cache_write_tokens BIGINT, completion_tokens BIGINT, queue_us BIGINT, "       \
  "gates_us BIGINT, local_us BIGINT, first_token_us BIGINT, total_us BIGINT, "   \
  "price_version TEXT NOT NULL, currency TEXT NOT NULL, "                        \
  "cloud_cost_state TEXT NOT NULL, cloud_cost_nano BIGINT, "                     \
  "counterfactual_cost_state TEXT NOT NULL, counterfactual_cost_nano BIGINT, "   \
  "local_cost_state TEXT NOT NULL, local_cost_nano BIGINT, energy_uj BIGINT, "   \
  "energy_method TEXT NOT NULL, reservation TEXT NOT NULL, "                     \
  "request_id TEXT NOT NULL, reference_version TEXT NOT NULL"
#define CROFT_LEDGER_PARAMETERS                                                  \
  "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, " \
  "?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, "  \
  "?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46"
#define CROFT_LEDGER_REST                                                    \
  ", content_hash BYTEA NOT NULL, hash BYTEA NOT NULL);"                     \
  "CREATE UNIQUE INDEX croft_ledger_id ON croft_ledger (id);"                \
  "CREATE INDEX croft_ledger_time ON croft_ledger (time_us);"                \
  "CREATE TABLE croft_ledger_head (one BIGINT PRIMARY KEY CHECK (one = 1), " \
  "ledger_id TEXT NOT NULL, count BIGINT NOT NULL, hash BYTEA NOT NULL);"

// `seq` is SQLite's own row number there, which saves an index. Rows are never changed: the
// triggers stop accidents, the hashes find intent.
inline constexpr Migration migrations[] = {
    {1, Sql("CREATE TABLE croft_ledger (seq INTEGER PRIMARY KEY, version BIGINT NOT "
            "NULL, " CROFT_LEDGER_FIELDS CROFT_LEDGER_REST
            "CREATE TRIGGER croft_ledger_no_update BEFORE UPDATE ON croft_ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
            "CREATE TRIGGER croft_ledger_no_delete BEFORE DELETE ON croft_ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;",
            "CREATE TABLE croft_ledger (seq BIGINT PRIMARY KEY, version BIGINT NOT "
            "NULL, " CROFT_LEDGER_FIELDS CROFT_LEDGER_REST
            "CREATE FUNCTION croft_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RAISE EXCEPTION ''the ledger is append-only'' USING ERRCODE = ''23000''; END';"
            "CREATE TRIGGER croft_ledger_no_change BEFORE UPDATE OR DELETE ON croft_ledger "
            "FOR EACH ROW EXECUTE FUNCTION croft_ledger_refuse();"
            "CREATE TRIGGER croft_ledger_no_truncate BEFORE TRUNCATE ON croft_ledger "
            "EXECUTE FUNCTION croft_ledger_refuse();")}};

inline constexpr Sql make_head(
    "INSERT INTO croft_ledger_head (one, ledger_id, count, hash) VALUES (1, ?1, 0, ?2) "
    "ON CONFLICT (one) DO NOTHING");
inline constexpr Sql read_head("SELECT ledger_id, count, hash FROM croft_ledger_head");
/// Whoever holds it is the only one who appends.
inline constexpr Sql lock_head("SELECT ledger_id, count, hash FROM croft_ledger_head",
                               "SELECT ledger_id, count, hash FROM croft_ledger_head FOR UPDATE");
inline constexpr Sql move_head("UPDATE croft_ledger_head SET count = ?1, hash = ?2 WHERE one = 1");
inline constexpr Sql find_id("SELECT content_hash FROM croft_ledger WHERE id = ?1");
inline constexpr Sql insert("INSERT INTO croft_ledger (seq, version, " CROFT_LEDGER_NAMES
                            ", content_hash, hash) VALUES (" CROFT_LEDGER_PARAMETERS ")");
/// After row ?1 up to row ?2, at most ?3; in time from ?4 until before ?5. The plus keeps SQLite
/// from sorting each page by way of the index over time.
inline constexpr Sql read_page(
    "SELECT seq, version, " CROFT_LEDGER_NAMES
    ", content_hash, hash FROM croft_ledger WHERE seq > ?1 AND seq <= ?2 "
    "AND +time_us >= ?4 AND +time_us < ?5 ORDER BY seq LIMIT ?3");
/// Every row, whatever its time holds.
inline constexpr Sql read_chain("SELECT seq, version, " CROFT_LEDGER_NAMES
                                ", content_hash, hash FROM croft_ledger WHERE seq > ?1 "
                                "AND seq <= ?2 ORDER BY seq LIMIT ?3");
inline constexpr Sql first_since("SELECT min(seq) FROM croft_ledger WHERE time_us >= ?1");
inline constexpr Sql last_before("SELECT max(seq) FROM croft_ledger WHERE time_us < ?1");
inline constexpr Sql last_row("SELECT max(seq) FROM croft_ledger");
inline constexpr Sql first_row("SELECT min(seq) FROM croft_ledger");

#undef CROFT_LEDGER_NAMES
#undef CROFT_LEDGER_FIELDS
#undef CROFT_LEDGER_PARAMETERS
#undef CROFT_LEDGER_REST

}  // namespace croft::ledger_sql
