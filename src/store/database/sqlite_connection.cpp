// SQLite behind Connection: a write-ahead log, synchronous=FULL, no tricks that a corrupt file
// could play on us.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "store/database/connection.h"
#include "text/utf8.h"

namespace croft {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  int column_count() const override { return sqlite3_column_count(statement_); }
  bool is_null(int column) const override { return type(column) == SQLITE_NULL; }
  Result<std::int64_t> int64(int column) const override {
    if (type(column) != SQLITE_INTEGER) return wrong(column, "a whole number");
    return sqlite3_column_int64(statement_, column);
  }
  Result<double> real(int column) const override {
    if (type(column) != SQLITE_FLOAT && type(column) != SQLITE_INTEGER)
      return wrong(column, "a number");
    return sqlite3_column_double(statement_, column);
  }
  Result<std::string_view> text(int column) const override {
    if (type(column) != SQLITE_TEXT) return wrong(column, "text");
    const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    const std::string_view value(begin, bytes(column));
    if (!utf8::is_valid(value)) return wrong(column, "UTF-8");
    return value;
  }
  Result<std::span<const std::byte>> blob(int column) const override {
    if (type(column) != SQLITE_BLOB) return wrong(column, "bytes");
    const auto* begin = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
    return std::span<const std::byte>(begin, bytes(column));
  }

 private:
  int type(int column) const { return sqlite3_column_type(statement_, column); }
  std::size_t bytes(int column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  }
  std::unexpected<Error> wrong(int column, std::string_view wanted) const {
    const char* name = sqlite3_column_name(statement_, column);
    return fail(ErrorCode::Corrupt, std::string("the database's column '") +
                                        (name == nullptr ? "?" : name) +
                                        "' holds something that is not " + std::string(wanted));
  }

  sqlite3_stmt* statement_;
};

DatabaseFault fault_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return DatabaseFault::Full;
    case SQLITE_READONLY:
      return DatabaseFault::ReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DatabaseFault::Locked;
    case SQLITE_CONSTRAINT:
      return DatabaseFault::Constraint;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DatabaseFault::Corrupt;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return DatabaseFault::Refused;
    default:
      return DatabaseFault::Other;
  }
}

/// The system's reason for a failed write: of the write-ahead log, then of the database file.
/// (sqlite3_system_errno has been overwritten by then.)
int failed_write(sqlite3* handle) {
  int number = 0;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log != nullptr && log->pMethods != nullptr)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  if (number == 0) sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(Handle handle, std::string shown)
      : handle_(std::move(handle)), shown_(std::move(shown)) {}

  Result<std::int64_t> run(const Sql& sql, SqlParameters parameters,
                           const RowReader& reader) override;
  Result<void> script(const Sql& sql) override {
    if (running_) return nested();
    if (broken_) return after_failure();
    const std::string text(sql.sqlite());
    const int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed(code);
    return {};
  }
  Result<void> begin(TransactionKind kind) override {
    if (in_transaction_) return fail(ErrorCode::Internal, "a database transaction is open already");
    // SQLite itself goes on writing into a file that was moved or deleted.
    int moved = 0;
    if (kind == TransactionKind::Write &&
        sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
        moved != 0)
      return failed(SQLITE_READONLY_DBMOVED);
    // A writer that begins as a reader could find, half-way, that another wrote in between.
    TRY(kind == TransactionKind::Write ? script("BEGIN IMMEDIATE") : script("BEGIN"));
    in_transaction_ = true;
    return {};
  }
  Result<void> commit() override {
    auto done = script("COMMIT");
    rollback();
    return done;
  }
  void rollback() override {
    // A commit, and some failures, have ended it already.
    if (sqlite3_get_autocommit(handle_.get()) == 0)
      sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    in_transaction_ = broken_ = false;
  }
  DatabaseFault fault() const override { return fault_; }

  Result<void> set_up(const DatabaseOptions& options);

 private:
  Result<sqlite3_stmt*> prepared(const Sql& sql);
  Result<void> bind(sqlite3_stmt* statement, SqlParameters parameters);
  std::unexpected<Error> failed(int code);
  static std::unexpected<Error> nested() {
    return fail(ErrorCode::Internal, "a callback uses the database that called it");
  }
  static std::unexpected<Error> after_failure() {
    return fail(ErrorCode::Internal, "a database transaction is used after a failure");
  }

  Handle handle_;
  std::string shown_;
  DatabaseFault fault_ = DatabaseFault::None;
  bool running_ = false;
  bool in_transaction_ = false;
  /// A statement of the transaction failed: it can only be rolled back, as in PostgreSQL.
  bool broken_ = false;
  /// By the literal's address: there are as many as the program has texts. Dies before handle_.
  std::unordered_map<const char*, Statement> statements_;
};

std::unexpected<Error> SqliteConnection::failed(int code) {
  fault_ = fault_of(code);
  broken_ = in_transaction_;
  const std::string_view detail = sqlite3_errmsg(handle_.get());
  const std::string where = "the database " + shown_;
  switch (fault_) {
    case DatabaseFault::Full:
      return fail(ErrorCode::Io, where + " cannot grow: the disk is full",
                  "Free space on that disk, or move the database.");
    case DatabaseFault::ReadOnly:
      if (code == SQLITE_READONLY_DBMOVED)
        return fail(ErrorCode::Io, where + " was moved or deleted while it was open",
                    "Put the file back.");
      return fail(ErrorCode::Io, where + " is read-only",
                  "Make the file and its folder writable, or give another --database.");
    case DatabaseFault::Locked: {
      Error error{.code = ErrorCode::Unavailable,
                  .message = where + " is locked by another writer",
                  .hint = "Try again; if it stays, look for a program that holds it open.",
                  .field = {}};
      error.retry_after_seconds = 1;
      return std::unexpected(std::move(error));
    }
    case DatabaseFault::Constraint:
      return fail(ErrorCode::InvalidArgument, where + " refuses a value: " + std::string(detail));
    case DatabaseFault::Corrupt:
      return fail(ErrorCode::Corrupt, where + " is damaged: " + std::string(detail),
                  "`croft ledger verify` says where; restore a backup.");
    case DatabaseFault::Refused:
      return fail(ErrorCode::Forbidden, where + " may not be used: " + std::string(detail));
    default:
      break;
  }
  std::string text = where + ": " + std::string(detail);
  if ((code & 0xFF) == SQLITE_IOERR) {
    const int number = failed_write(handle_.get());
    // A full disk and a file over the allowed size arrive as failed writes, too.
    if (number == ENOSPC || number == EFBIG || number == EDQUOT) {
      fault_ = DatabaseFault::Full;
      return fail(ErrorCode::Io, where + " cannot grow: " + std::strerror(number),
                  "Free space on that disk, or move the database.");
    }
    if (number != 0) text += std::string(" (") + std::strerror(number) + ")";
  }
  const bool ours = (code & 0xFF) == SQLITE_ERROR || (code & 0xFF) == SQLITE_MISUSE ||
                    (code & 0xFF) == SQLITE_RANGE;
  return fail(ours ? ErrorCode::Internal : ErrorCode::Io, std::move(text));
}

Result<sqlite3_stmt*> SqliteConnection::prepared(const Sql& sql) {
  Statement& slot = statements_[sql.sqlite().data()];
  if (slot == nullptr) {
    sqlite3_stmt* made = nullptr;
    const std::string_view text = sql.sqlite();
    const int code = sqlite3_prepare_v3(handle_.get(), text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return failed(code);
    slot.reset(made);
  }
  return slot.get();
}

Result<void> SqliteConnection::bind(sqlite3_stmt* statement, SqlParameters parameters) {
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size()))
    return fail(ErrorCode::Internal, "a statement has other parameters than were given");
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
    int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
    int operator()(std::string_view text) const {
      // A null pointer would bind NULL.
      return sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(),
                                 text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(SqlParameter::Blob bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int code = std::visit(Binder{statement, static_cast<int>(i) + 1}, parameters[i].value());
    if (code != SQLITE_OK) return failed(code);
  }
  return {};
}

Result<std::int64_t> SqliteConnection::run(const Sql& sql, SqlParameters parameters,
                                           const RowReader& reader) {
  if (running_) return nested();
  if (broken_) return after_failure();
  sqlite3_stmt* statement = TRY(prepared(sql));
  struct Running {
    bool& flag;
    sqlite3_stmt* statement;
    Running(bool& running, sqlite3_stmt* used) : flag(running), statement(used) { flag = true; }
    ~Running() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);  // they borrow the caller's memory
      flag = false;
    }
  } running(running_, statement);
  TRY(bind(statement, parameters));
  const SqliteRow row(statement);
  const auto before = sqlite3_total_changes64(handle_.get());
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW)
    if (reader) TRY(reader(row));
  if (code != SQLITE_DONE) return failed(code);
  return sqlite3_total_changes64(handle_.get()) - before;
}

Result<void> SqliteConnection::set_up(const DatabaseOptions& options) {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(options.lock_wait.count()));
  // Whoever changes the file must not thereby run code or reach other memory.
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  TRY(
      script("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; "
             "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216"));
  // The first read is what notices that the file is no database.
  TRY(script("SELECT count(*) FROM sqlite_master"));
  if (options.read_only) return {};
  // SQLite opens for reading, without a word, what it may not write.
  if (sqlite3_db_readonly(handle_.get(), "main") == 1) return failed(SQLITE_READONLY);
  return script("PRAGMA journal_mode = WAL");
}

/// With the rights of its owner only: SQLite gives its other files the same.
Result<void> make_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  if (errno == EEXIST) return {};
  if (errno == ENOENT || errno == ENOTDIR)
    return fail(ErrorCode::NotFound, "there is no folder for the database " + path,
                "Make it, or give another --database.");
  return fail(ErrorCode::Io, "cannot make the database " + path + ": " + std::strerror(errno));
}

Result<Handle> open_handle(const std::string& path, const std::string& shown, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle handle(raw);
  if (code == SQLITE_OK) return handle;
  const std::string detail = raw == nullptr ? "no memory" : sqlite3_errmsg(raw);
  return fail(ErrorCode::Io, "cannot open the database " + shown + ": " + detail);
}

/// `immutable`: for a reader of a file in a folder that it may not write, where no log is left.
std::string immutable_uri(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (std::string_view("%?#").contains(c)) {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += digits[byte >> 4];
      uri += digits[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const DatabaseAddress& address,
                                                const DatabaseOptions& options) {
  const bool in_memory = address.location == ":memory:";
  // "file:x" is a name like any other.
  const std::string path =
      in_memory || address.location.starts_with('/') ? address.location : "./" + address.location;
  std::error_code problem;
  if (!in_memory && std::filesystem::is_directory(path, problem))
    return fail(ErrorCode::InvalidArgument, "the database " + address.shown + " is a folder",
                "Give the path of a file.", "database");
  if (!in_memory && !std::filesystem::exists(path, problem)) {
    if (options.read_only || !options.create)
      return fail(ErrorCode::NotFound, "there is no database " + address.shown,
                  "Give --database, or start `croft serve` with one first.", "database");
    TRY(make_file(path));
  }
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  auto connection = std::make_unique<SqliteConnection>(TRY(open_handle(path, address.shown, flags)),
                                                       address.shown);
  auto ready = connection->set_up(options);
  if (!ready && options.read_only && !std::filesystem::exists(path + "-wal", problem)) {
    connection = std::make_unique<SqliteConnection>(
        TRY(open_handle(immutable_uri(path), address.shown, flags | SQLITE_OPEN_URI)),
        address.shown);
    ready = connection->set_up(options);
  }
  if (!ready) return std::unexpected(std::move(ready).error());
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace croft
