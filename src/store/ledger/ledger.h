#pragma once
/// The ledger: an append-only table whose rows are numbered from 1 and chained by hashes. A row's
/// hash covers its content, its number and the hash before it; the head names the last one. Rows
/// and head change in one transaction.
///
/// Several processes may append to one database: whoever holds the head's row appends, the others
/// wait.

#include <functional>
#include <limits>
#include <span>

#include "store/database/database.h"
#include "store/ledger/ledger_encoding.h"

namespace croft {

struct LedgerHead {
  std::string ledger_id;  ///< 32 hexadecimal digits, random, made with the tables
  std::int64_t count = 0;
  LedgerHash hash{};
};

/// Whether rows may be in the ledger already: after a failure nobody knows, and then each is looked
/// up by its id.
enum class Repeats : std::uint8_t { Impossible, Possible };

struct AppendResult {
  std::int64_t appended = 0;
  std::int64_t repeated = 0;  ///< were there already, the same
  std::int64_t renamed = 0;   ///< another row had the id: kept as ID~HASH
};

/// A row as it is read; everything borrows memory that lasts for the call only.
struct StoredLedgerRow {
  std::int64_t seq = 0;
  LedgerValues values;
  std::span<const std::byte> content_hash;
  std::span<const std::byte> hash;
};

struct LedgerRange {
  std::int64_t since_us = std::numeric_limits<std::int64_t>::min();  ///< from this time on
  std::int64_t until_us = std::numeric_limits<std::int64_t>::max();  ///< before this time
};

/// Told rows looked at and rows in all; false stops the work with Cancelled.
using LedgerProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

class Ledger {
 public:
  /// Makes the tables where there are none. Errors: as of Database; Unsupported (tables of a newer
  /// Croft; a PostgreSQL database whose encoding is not UTF8).
  static Result<Ledger> open(Database database);
  /// Writes nothing. Errors: NotFound (no ledger in this database).
  static Result<Ledger> open_for_reading(Database database);

  /// All rows or none. `rows` must be storable (make_storable). Errors: as of Database.
  Result<AppendResult> append(std::span<const LedgerRow> rows, Repeats repeats);

  Result<LedgerHead> head();
  /// Visits the rows of a range in the order of their numbers, in constant memory; what is
  /// appended meanwhile may be seen or not. The visitor must not use the database.
  Result<void> read(const LedgerRange& range,
                    const std::function<Result<void>(const StoredLedgerRow&)>& visit,
                    const LedgerProgress& progress = {});

  [[nodiscard]] Database& database() { return database_; }

 private:
  explicit Ledger(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace croft
