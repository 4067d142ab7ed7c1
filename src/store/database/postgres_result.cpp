#include "store/database/postgres_result.h"

#include <libpq-fe.h>

#include <bit>
#include <cctype>
#include <cstring>

#include "text/utf8.h"

namespace croft {
namespace {

// Of the types that the common subset has; pg_type.dat of PostgreSQL.
constexpr Oid oid_bool = 16, oid_bytea = 17, oid_name = 19, oid_int8 = 20, oid_int2 = 21,
              oid_int4 = 23, oid_text = 25, oid_float4 = 700, oid_float8 = 701, oid_varchar = 1043;

/// Numbers arrive with the highest byte first.
template <typename Unsigned>
Unsigned big_endian(std::string_view bytes) {
  Unsigned value = 0;
  for (const char c : bytes)
    value = static_cast<Unsigned>((std::uint64_t{value} << 8) | static_cast<unsigned char>(c));
  return value;
}

}  // namespace

void ClearResult::operator()(pg_result* result) const {
  PQclear(result);
}

int PostgresRow::column_count() const {
  return PQnfields(result_);
}
bool PostgresRow::is_null(int column) const {
  return PQgetisnull(result_, row_, column) != 0;
}

std::string_view PostgresRow::value(int column) const {
  return {PQgetvalue(result_, row_, column),
          static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

std::unexpected<Error> PostgresRow::wrong(int column, std::string_view wanted) const {
  const char* name = PQfname(result_, column);
  return fail(ErrorCode::Corrupt, std::string("the database's column '") +
                                      (name == nullptr ? "?" : name) +
                                      "' holds something that is not " + std::string(wanted));
}

Result<std::int64_t> PostgresRow::int64(int column) const {
  const std::string_view bytes = value(column);
  const Oid type = PQftype(result_, column);
  if (!is_null(column)) {
    if (type == oid_int8 && bytes.size() == 8)
      return static_cast<std::int64_t>(big_endian<std::uint64_t>(bytes));
    if (type == oid_int4 && bytes.size() == 4)
      return static_cast<std::int32_t>(big_endian<std::uint32_t>(bytes));
    if (type == oid_int2 && bytes.size() == 2)
      return static_cast<std::int16_t>(big_endian<std::uint16_t>(bytes));
    if (type == oid_bool && bytes.size() == 1) return bytes.front() == 0 ? 0 : 1;
  }
  return wrong(column, "a whole number");
}

Result<double> PostgresRow::real(int column) const {
  const std::string_view bytes = value(column);
  const Oid type = PQftype(result_, column);
  if (!is_null(column) && type == oid_float8 && bytes.size() == 8)
    return std::bit_cast<double>(big_endian<std::uint64_t>(bytes));
  if (!is_null(column) && type == oid_float4 && bytes.size() == 4)
    return std::bit_cast<float>(big_endian<std::uint32_t>(bytes));
  if (const auto whole = int64(column)) return static_cast<double>(*whole);
  return wrong(column, "a number");
}

Result<std::string_view> PostgresRow::text(int column) const {
  const Oid type = PQftype(result_, column);
  if (is_null(column) || (type != oid_text && type != oid_varchar && type != oid_name))
    return wrong(column, "text");
  if (!utf8::is_valid(value(column))) return wrong(column, "UTF-8");
  return value(column);
}

Result<std::span<const std::byte>> PostgresRow::blob(int column) const {
  if (is_null(column) || PQftype(result_, column) != oid_bytea) return wrong(column, "bytes");
  return std::as_bytes(std::span(value(column)));
}

PostgresFailure postgres_failure(std::string_view state, std::string_view detail,
                                 const std::string& shown) {
  const std::string where = "the database " + shown;
  const auto made = [&](DatabaseFault fault, ErrorCode code, std::string message,
                        std::string hint = {}) {
    PostgresFailure failure{
        .fault = fault,
        .error = {
            .code = code, .message = std::move(message), .hint = std::move(hint), .field = {}}};
    if (code == ErrorCode::Unavailable) failure.error.retry_after_seconds = 1;
    return failure;
  };
  const std::string said = where + ": " + std::string(detail);
  const std::string_view group = state.substr(0, 2);
  // 57P01 to 57P03: shutting down, crashed, starting up; 53300: too many connections.
  if (state.empty() || group == "08" || state.starts_with("57P0") || state == "53300")
    return made(DatabaseFault::Away, ErrorCode::Unavailable,
                where + " is not there: " + std::string(detail), "Start PostgreSQL.");
  if (state == "53100")
    return made(DatabaseFault::Full, ErrorCode::Io,
                where + " cannot grow: the disk of its server is full", "Free space on that disk.");
  if (state == "25006")
    return made(DatabaseFault::ReadOnly, ErrorCode::Io, where + " is read-only",
                "Is this a standby? Give the address of the primary.");
  if (state == "40001" || state == "40P01" || state == "55P03")
    return made(DatabaseFault::Locked, ErrorCode::Unavailable,
                where + " is locked by another writer");
  if (state == "57014")
    return made(DatabaseFault::Locked, ErrorCode::Unavailable, where + " took too long to answer");
  if (state == "3D000")
    return made(DatabaseFault::Refused, ErrorCode::NotFound, said, "Create it: createdb.");
  if (group == "28" || state == "42501")
    return made(DatabaseFault::Refused, ErrorCode::Forbidden, said,
                "Check the user, the password and the rights.");
  if (group == "23")
    return made(DatabaseFault::Constraint, ErrorCode::InvalidArgument,
                where + " refuses a value: " + std::string(detail));
  if (state == "22021" || state == "22P05")
    return made(DatabaseFault::Other, ErrorCode::InvalidArgument, said,
                "Create the database with the encoding UTF8.");
  if (group == "XX")
    return made(DatabaseFault::Corrupt, ErrorCode::Corrupt, said, "See the server's log.");
  // 42: the SQL itself; 22: a value that does not fit a type.
  const bool ours = group == "42" || group == "22" || group == "25";
  return made(DatabaseFault::Other, ours ? ErrorCode::Internal : ErrorCode::Io, said);
}

std::string postgres_text(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '?' && i + 1 < sql.size() &&
               std::isdigit(static_cast<unsigned char>(sql[i + 1])) != 0) {
      out += '$';
      continue;
    }
    out += c;
  }
  return out;
}

}  // namespace croft
