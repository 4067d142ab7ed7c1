#pragma once
/// What SQLite and PostgreSQL each must do for `Database` (database.h). For database/ only.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "store/database/database_address.h"
#include "store/database/sql.h"

namespace croft {

/// What the last failing call ran into, for code that must decide what to do.
enum class DatabaseFault : std::uint8_t {
  None,
  Full,        ///< the disk, or the size that the database may have
  ReadOnly,    ///< the file, the folder, or a server that only follows another
  Locked,      ///< another writer held it for longer than we wait; a deadlock: try again
  Away,        ///< PostgreSQL is not there; a commit that ended so may have happened or not
  Constraint,  ///< a unique, foreign or checked value
  Corrupt,     ///< the file contradicts SQLite's format, or a value its column
  Refused,     ///< wrong password, missing permission, no such database
  Other,
};
[[nodiscard]] std::string_view fault_name(DatabaseFault fault);  ///< "full", "read_only", ...

enum class TransactionKind : std::uint8_t {
  Write,  ///< SQLite: no other writer until the end. PostgreSQL: lock the rows that matter.
  Read,   ///< sees one state of the database until its end
};

/// One row of an answer, valid within the callback that gets it. Columns count from 0. A value of
/// another type than asked for is Corrupt: nobody but us writes these tables.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual int column_count() const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual Result<std::int64_t> int64(int column) const = 0;
  [[nodiscard]] virtual Result<double> real(int column) const = 0;
  /// Valid UTF-8.
  [[nodiscard]] virtual Result<std::string_view> text(int column) const = 0;
  [[nodiscard]] virtual Result<std::span<const std::byte>> blob(int column) const = 0;
};
using RowReader = std::function<Result<void>(const Row&)>;

struct DatabaseOptions {
  bool read_only = false;
  bool create = true;  ///< SQLite: make the file where there is none
  /// How long to wait for another writer's lock.
  std::chrono::milliseconds lock_wait{5000};
  /// PostgreSQL: how long to wait for a connection, and for one answer.
  std::chrono::milliseconds connect_wait{5000};
  std::chrono::milliseconds answer_wait{30'000};
};

class Connection {
 public:
  virtual ~Connection() = default;
  /// Runs one prepared statement; calls `reader` (may be empty) for each row. The number of rows
  /// that it changed.
  virtual Result<std::int64_t> run(const Sql& sql, SqlParameters parameters,
                                   const RowReader& reader) = 0;
  /// Runs several statements without parameters.
  virtual Result<void> script(const Sql& sql) = 0;
  virtual Result<void> begin(TransactionKind kind) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
  [[nodiscard]] virtual DatabaseFault fault() const = 0;
};

Result<std::unique_ptr<Connection>> open_sqlite(const DatabaseAddress& address,
                                                const DatabaseOptions& options);
Result<std::unique_ptr<Connection>> open_postgres(const DatabaseAddress& address,
                                                  const DatabaseOptions& options);

/// Errors: InvalidArgument (text that is not UTF-8, or holds NUL).
Result<void> check_parameters(SqlParameters parameters);

}  // namespace croft
