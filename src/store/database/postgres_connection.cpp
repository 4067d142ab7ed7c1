// PostgreSQL behind Connection: libpq, each answer with a deadline, connecting again after a loss.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <unordered_set>
#include <vector>

#include "store/database/connection.h"
#include "store/database/postgres_result.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds wait_first{100};
constexpr milliseconds wait_max{10'000};

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

/// Parameters as libpq takes them: numbers as text, so that the server finds their type; blobs as
/// they are.
struct BoundParameters {
  std::vector<std::string> numbers;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;

  explicit BoundParameters(SqlParameters parameters) {
    numbers.reserve(parameters.size());  // pointers into it must stay
    for (const SqlParameter& parameter : parameters) {
      formats.push_back(0);
      lengths.push_back(0);
      values.push_back(nullptr);
      std::visit([this](const auto& value) { add(value); }, parameter.value());
    }
  }

 private:
  void add(std::monostate) {}
  void add(std::int64_t value) { add_text(std::to_string(value)); }
  void add(double value) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    add_text(std::string(digits.data(), end.ptr));
  }
  void add(std::string_view text) { add_text(std::string(text)); }
  void add_text(std::string text) {
    numbers.push_back(std::move(text));
    values.back() = numbers.back().c_str();
  }
  void add(SqlParameter::Blob bytes) {
    formats.back() = 1;
    lengths.back() = static_cast<int>(bytes.size());
    values.back() = bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data());
  }
};

class PostgresConnection final : public Connection {
 public:
  PostgresConnection(DatabaseAddress address, const DatabaseOptions& options)
      : address_(std::move(address)), options_(options) {}

  Result<void> connect();

  Result<std::int64_t> run(const Sql& sql, SqlParameters parameters,
                           const RowReader& reader) override;
  Result<void> script(const Sql& sql) override;
  Result<void> begin(TransactionKind kind) override;
  Result<void> commit() override;
  void rollback() override;
  DatabaseFault fault() const override { return fault_; }

 private:
  Result<void> be_connected();
  Result<void> set_up();
  Result<void> prepare(const Sql& sql);
  /// Waits for the answer to what was sent.
  Result<PostgresResult> answer();
  Result<void> wait_readable(Clock::time_point deadline);
  std::unexpected<Error> failed(std::string_view state, std::string_view detail);
  std::unexpected<Error> sending_failed() { return lost(PQerrorMessage(connection_.get())); }
  /// The connection is of no use any more.
  std::unexpected<Error> lost(std::string_view detail);
  std::string without_password(std::string_view text) const;

  DatabaseAddress address_;
  DatabaseOptions options_;
  std::unique_ptr<PGconn, CloseConnection> connection_;
  std::unordered_set<const char*> prepared_;  ///< literals, by address
  bool in_transaction_ = false;               ///< until its owner ends it, also after a loss
  bool running_ = false;
  DatabaseFault fault_ = DatabaseFault::None;
  milliseconds wait_{0};  ///< before connecting again
  Clock::time_point connect_not_before_;
};

std::string PostgresConnection::without_password(std::string_view text) const {
  std::string clean(text);
  const std::string& word = address_.password;
  if (!word.empty())
    for (std::size_t at = 0; (at = clean.find(word, at)) != std::string::npos;)
      clean.replace(at, word.size(), "***");
  while (!clean.empty() && (clean.back() == '\n' || clean.back() == ' ')) clean.pop_back();
  std::ranges::replace(clean, '\n', ' ');
  std::erase(clean, '\t');
  return clean;
}

std::unexpected<Error> PostgresConnection::failed(std::string_view state, std::string_view detail) {
  PostgresFailure failure = postgres_failure(state, without_password(detail), address_.shown);
  fault_ = failure.fault;
  return std::unexpected(std::move(failure.error));
}

std::unexpected<Error> PostgresConnection::lost(std::string_view detail) {
  auto error = failed({}, detail);
  connection_.reset();
  prepared_.clear();
  return error;
}

Result<void> PostgresConnection::connect() {
  const std::string seconds =
      std::to_string(std::max<std::int64_t>(2, options_.connect_wait.count() / 1000));
  // What stands before dbname gives way to the URL, what stands behind it does not.
  const std::array<const char*, 6> keys = {"connect_timeout",  "application_name",
                                           "tcp_user_timeout", "dbname",
                                           "client_encoding",  nullptr};
  const std::array<const char*, 6> values = {seconds.c_str(),           "croft", "30000",
                                             address_.location.c_str(), "UTF8",  nullptr};
  connection_.reset(PQconnectdbParams(keys.data(), values.data(), 1));
  prepared_.clear();
  if (connection_ == nullptr) return lost("no memory");
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    wait_ = std::clamp(wait_ * 2, wait_first, wait_max);
    connect_not_before_ = Clock::now() + wait_;
    // The words are all that libpq tells of a connection that failed.
    const std::string detail = PQerrorMessage(connection_.get());
    std::string_view state;
    if (detail.contains("authentication failed") || detail.contains("no password supplied") ||
        detail.contains("pg_hba.conf"))
      state = "28000";
    else if (detail.contains("role \"") && detail.contains("does not exist"))
      state = "28000";
    else if (detail.contains("database \"") && detail.contains("does not exist"))
      state = "3D000";
    connection_.reset();
    return failed(state, detail);
  }
  wait_ = milliseconds(0);
  PQsetnonblocking(connection_.get(), 1);
  // Notices go to standard error otherwise.
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  return set_up();
}

Result<void> PostgresConnection::set_up() {
  // A server that reports "done" before the disk has it would lose settled rows.
  TRY(script("SELECT 1"));
  TRY(
      script("SELECT set_config('synchronous_commit', 'on', false) "
             "WHERE current_setting('synchronous_commit') = 'off'"));
  const std::string lock_wait = std::to_string(options_.lock_wait.count());
  const std::string answer_wait = std::to_string(options_.answer_wait.count());
  const std::array<SqlParameter, 2> waits = {lock_wait, answer_wait};
  TRY(run(
      "SELECT set_config('lock_timeout', ?1, false), set_config('statement_timeout', ?2, false)",
      waits, {}));
  if (options_.read_only) TRY(script("SET default_transaction_read_only = on"));
  return {};
}

Result<void> PostgresConnection::be_connected() {
  if (connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) return {};
  const auto now = Clock::now();
  if (now < connect_not_before_) {
    fault_ = DatabaseFault::Away;
    Error error{.code = ErrorCode::Unavailable,
                .message = "the database " + address_.shown + " is not there",
                .hint = "Start PostgreSQL; the connection is tried again.",
                .field = {}};
    error.retry_after_seconds =
        static_cast<int>((connect_not_before_ - now) / std::chrono::seconds(1)) + 1;
    return std::unexpected(std::move(error));
  }
  return connect();
}

Result<void> PostgresConnection::wait_readable(Clock::time_point deadline) {
  for (;;) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0) return sending_failed();
    if (unsent == 0 && PQisBusy(connection_.get()) == 0) return {};
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0))
      return lost("no answer for " + std::to_string(options_.answer_wait.count() / 1000) + " s");
    pollfd entry{.fd = PQsocket(connection_.get()),
                 .events = static_cast<short>(POLLIN | (unsent == 1 ? POLLOUT : 0)),
                 .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return lost("cannot wait for its answer");
    if (ready > 0 && PQconsumeInput(connection_.get()) == 0) return sending_failed();
  }
}

Result<PostgresResult> PostgresConnection::answer() {
  // A little more than the server's own limit, which tells more.
  const auto deadline = Clock::now() + options_.answer_wait + std::chrono::seconds(2);
  PostgresResult last;
  for (;;) {
    TRY(wait_readable(deadline));
    PostgresResult next(PQgetResult(connection_.get()));
    if (next == nullptr) break;
    const ExecStatusType status = PQresultStatus(next.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
      return lost("COPY is not for here");
    const bool is_error = last != nullptr && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
    if (!is_error) last = std::move(next);
  }
  if (last == nullptr) return lost("it did not answer");
  const ExecStatusType status = PQresultStatus(last.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY)
    return last;
  const char* state = PQresultErrorField(last.get(), PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(last.get(), PG_DIAG_MESSAGE_PRIMARY);
  const std::string detail = primary != nullptr ? primary : PQresultErrorMessage(last.get());
  if (PQstatus(connection_.get()) != CONNECTION_OK) return lost(detail);
  return failed(state == nullptr ? "" : state, detail);
}

Result<void> PostgresConnection::prepare(const Sql& sql) {
  const char* key = sql.postgres().data();
  if (prepared_.contains(key)) return {};
  const std::string name = "s" + std::to_string(reinterpret_cast<std::uintptr_t>(key));
  const std::string text = postgres_text(sql.postgres());
  if (PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr) == 0)
    return sending_failed();
  TRY(answer());
  prepared_.insert(key);
  return {};
}

Result<std::int64_t> PostgresConnection::run(const Sql& sql, SqlParameters parameters,
                                             const RowReader& reader) {
  if (running_) return fail(ErrorCode::Internal, "a callback uses the database that called it");
  if (!in_transaction_) TRY(be_connected());
  // Within a transaction a new connection would know nothing of its first half.
  if (connection_ == nullptr) return lost("the connection broke within a transaction");
  TRY(prepare(sql));
  const BoundParameters bound(parameters);
  const std::string name =
      "s" + std::to_string(reinterpret_cast<std::uintptr_t>(sql.postgres().data()));
  if (PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(parameters.size()),
                          bound.values.data(), bound.lengths.data(), bound.formats.data(), 1) == 0)
    return sending_failed();
  const PostgresResult result = TRY(answer());
  struct Running {
    bool& flag;
    explicit Running(bool& running) : flag(running) { flag = true; }
    ~Running() { flag = false; }
  } running(running_);
  PostgresRow row(result.get());
  for (int i = 0; reader && i < PQntuples(result.get()); ++i) {
    row.move_to(i);
    TRY(reader(row));
  }
  const std::string_view changed = PQcmdTuples(result.get());
  std::int64_t count = 0;
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK ||
      !std::string_view(PQcmdStatus(result.get())).starts_with("SELECT"))
    std::from_chars(changed.data(), changed.data() + changed.size(), count);
  return count;
}

Result<void> PostgresConnection::script(const Sql& sql) {
  if (running_) return fail(ErrorCode::Internal, "a callback uses the database that called it");
  if (!in_transaction_) TRY(be_connected());
  if (connection_ == nullptr) return lost("the connection broke within a transaction");
  const std::string text(sql.postgres());
  if (PQsendQuery(connection_.get(), text.c_str()) == 0) return sending_failed();
  TRY(answer());
  return {};
}

Result<void> PostgresConnection::begin(TransactionKind kind) {
  if (in_transaction_) return fail(ErrorCode::Internal, "a database transaction is open already");
  TRY(be_connected());
  // A connection that broke while nobody looked is found by its first statement.
  constexpr Sql write("BEGIN"), read("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const Sql& text = kind == TransactionKind::Write ? write : read;
  auto begun = script(text);
  if (!begun && connection_ == nullptr) {
    TRY(be_connected());
    begun = script(text);
  }
  if (!begun) return begun;
  in_transaction_ = true;
  return {};
}

Result<void> PostgresConnection::commit() {
  if (connection_ == nullptr || !in_transaction_) {
    in_transaction_ = false;
    return lost("the connection broke within a transaction");
  }
  // Of a transaction that failed, COMMIT is a ROLLBACK that reports success.
  const bool broken = PQtransactionStatus(connection_.get()) != PQTRANS_INTRANS;
  if (broken) {
    rollback();
    return fail(ErrorCode::Internal, "a database transaction was to be committed after a failure");
  }
  auto done = script("COMMIT");
  in_transaction_ = false;
  return done;
}

void PostgresConnection::rollback() {
  if (connection_ != nullptr && in_transaction_) {
    const DatabaseFault kept = fault_;
    if (!script("ROLLBACK")) lost("cannot roll back");
    fault_ = kept;
  }
  in_transaction_ = false;
}

}  // namespace

Result<std::unique_ptr<Connection>> open_postgres(const DatabaseAddress& address,
                                                  const DatabaseOptions& options) {
  auto connection = std::make_unique<PostgresConnection>(address, options);
  TRY(connection->connect());
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace croft
