#pragma once
/// One connection to SQLite or PostgreSQL, by RAII. Every owner opens its own; both databases sort
/// out who writes when.
///
/// What is committed is on the disk: SQLite runs with a write-ahead log and synchronous=FULL,
/// PostgreSQL with synchronous_commit.
///
/// PostgreSQL going away: the call that notices fails with Unavailable (fault Away). Later calls
/// connect again, at once the first time and then no sooner than a wait that doubles up to 10 s;
/// until then they fail at once with Unavailable and the seconds to wait.
///
/// Threads: one at a time. A callback must not use the database that calls it.

#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "store/database/connection.h"

namespace croft {

/// Rolls back at its end unless committed. Must not outlive its database.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Errors: as of the statements; the transaction is rolled back. Unavailable with fault Away: it
  /// is not known whether it happened.
  Result<void> commit();

 private:
  friend class Database;
  explicit Transaction(Connection* connection) : connection_(connection) {}
  Connection* connection_;
};

class Database {
 public:
  /// Errors: NotFound (no such file with `create` off, no such folder or server database);
  /// Unavailable (PostgreSQL away; locked); Forbidden; Corrupt (no SQLite file); Io.
  static Result<Database> open(const DatabaseAddress& address, const DatabaseOptions& options = {});
  /// Parses the address first.
  static Result<Database> open(std::string_view address, const DatabaseOptions& options = {});

  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  /// Runs a statement and returns how many rows it changed. Errors: Io (disk full, read-only,
  /// named as such), Unavailable (locked, away), Corrupt, InvalidArgument (constraint, text that
  /// is not UTF-8), Internal (the SQL itself).
  Result<std::int64_t> execute(const Sql& sql, std::initializer_list<SqlParameter> values = {});
  Result<std::int64_t> execute(const Sql& sql, SqlParameters values);
  /// Calls `reader` for each row of the answer; its first error ends the reading. PostgreSQL's
  /// answer is in memory as a whole: read long tables by key and LIMIT.
  Result<void> query(const Sql& sql, std::initializer_list<SqlParameter> values,
                     const RowReader& reader);
  Result<void> query(const Sql& sql, SqlParameters values, const RowReader& reader);
  /// The first column of the first row; nullopt where there is no row, or NULL.
  Result<std::optional<std::int64_t>> query_int64(const Sql& sql,
                                                  std::initializer_list<SqlParameter> values = {});
  Result<std::optional<std::string>> query_text(const Sql& sql,
                                                std::initializer_list<SqlParameter> values = {});
  /// Several statements without values, such as a schema.
  Result<void> script(const Sql& sql);

  /// Errors: Unavailable (locked, away); Internal (one is open already).
  Result<Transaction> begin(TransactionKind kind = TransactionKind::Write);

  [[nodiscard]] DatabaseKind kind() const { return address_->kind; }
  /// For people; without a password.
  [[nodiscard]] const std::string& shown() const { return address_->shown; }
  /// Of the last call that failed.
  [[nodiscard]] DatabaseFault fault() const { return connection_->fault(); }

 private:
  Database(DatabaseAddress address, std::unique_ptr<Connection> connection);

  std::unique_ptr<DatabaseAddress> address_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace croft
