#include "store/database/database.h"

#include "text/utf8.h"

namespace croft {

std::string_view fault_name(DatabaseFault fault) {
  switch (fault) {
    case DatabaseFault::None:
      return "none";
    case DatabaseFault::Full:
      return "full";
    case DatabaseFault::ReadOnly:
      return "read_only";
    case DatabaseFault::Locked:
      return "locked";
    case DatabaseFault::Away:
      return "away";
    case DatabaseFault::Constraint:
      return "constraint";
    case DatabaseFault::Corrupt:
      return "corrupt";
    case DatabaseFault::Refused:
      return "refused";
    case DatabaseFault::Other:
      break;
  }
  return "other";
}

Result<void> check_parameters(SqlParameters parameters) {
  for (const SqlParameter& parameter : parameters) {
    const auto* text = std::get_if<std::string_view>(&parameter.value());
    if (text != nullptr && (text->contains('\0') || !utf8::is_valid(*text)))
      return fail(ErrorCode::InvalidArgument,
                  "a text for the database is not UTF-8, or holds a zero byte");
  }
  return {};
}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->rollback();
}

Result<void> Transaction::commit() {
  return std::exchange(connection_, nullptr)->commit();
}

Database::Database(DatabaseAddress address, std::unique_ptr<Connection> connection)
    : address_(std::make_unique<DatabaseAddress>(std::move(address))),
      connection_(std::move(connection)) {}

Result<Database> Database::open(const DatabaseAddress& address, const DatabaseOptions& options) {
  auto connection = TRY(address.kind == DatabaseKind::Sqlite ? open_sqlite(address, options)
                                                             : open_postgres(address, options));
  return Database(address, std::move(connection));
}

Result<Database> Database::open(std::string_view address, const DatabaseOptions& options) {
  const DatabaseAddress parsed = TRY(parse_database_address(address));
  return open(parsed, options);
}

Result<std::int64_t> Database::execute(const Sql& sql, std::initializer_list<SqlParameter> values) {
  return execute(sql, SqlParameters(values.begin(), values.size()));
}

Result<std::int64_t> Database::execute(const Sql& sql, SqlParameters values) {
  TRY(check_parameters(values));
  return connection_->run(sql, values, {});
}

Result<void> Database::query(const Sql& sql, std::initializer_list<SqlParameter> values,
                             const RowReader& reader) {
  return query(sql, SqlParameters(values.begin(), values.size()), reader);
}

Result<void> Database::query(const Sql& sql, SqlParameters values, const RowReader& reader) {
  TRY(check_parameters(values));
  TRY(connection_->run(sql, values, reader));
  return {};
}

Result<std::optional<std::int64_t>> Database::query_int64(
    const Sql& sql, std::initializer_list<SqlParameter> values) {
  std::optional<std::int64_t> found;
  bool first = true;
  const auto read = query(sql, values, [&](const Row& row) -> Result<void> {
    if (std::exchange(first, false) && !row.is_null(0)) found = TRY(row.int64(0));
    return {};
  });
  if (!read) return std::unexpected(read.error());
  return found;
}

Result<std::optional<std::string>> Database::query_text(
    const Sql& sql, std::initializer_list<SqlParameter> values) {
  std::optional<std::string> found;
  bool first = true;
  const auto read = query(sql, values, [&](const Row& row) -> Result<void> {
    if (std::exchange(first, false) && !row.is_null(0)) found = TRY(row.text(0));
    return {};
  });
  if (!read) return std::unexpected(read.error());
  return found;
}

Result<void> Database::script(const Sql& sql) {
  return connection_->script(sql);
}

Result<Transaction> Database::begin(TransactionKind kind) {
  TRY(connection_->begin(kind));
  return Transaction(connection_.get());
}

}  // namespace croft
