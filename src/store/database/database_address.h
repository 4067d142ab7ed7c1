#pragma once
/// Where a database is: the `database` setting, a path or a PostgreSQL URL.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

enum class DatabaseKind : std::uint8_t { Sqlite, Postgres };

struct DatabaseAddress {
  DatabaseKind kind = DatabaseKind::Sqlite;
  std::string location;  ///< the path, or the URL as given: it may hold a password, never print it
  std::string shown;     ///< for people, logs and errors: without password, port and parameters
  std::string password;  ///< of the URL, decoded: to be kept out of the driver's messages
};

/// "croft.db", "/var/lib/croft/croft.db", ":memory:" (tests), "postgres://user@host/name",
/// "postgresql:///name?host=/run/postgresql". Passwords also come from PGPASSWORD and ~/.pgpass.
/// Errors: InvalidArgument (empty; a URL that is none; more than one '@'); Unsupported (mysql://
/// and the like). None of them quotes the text.
Result<DatabaseAddress> parse_database_address(std::string_view text);

}  // namespace croft
