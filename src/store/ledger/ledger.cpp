#include "store/ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/random_bits.h"
#include "store/ledger/ledger_sql.h"

namespace croft {
namespace {

constexpr std::int64_t page_rows = 1000;

std::string random_id() {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(random_bits()),
                static_cast<unsigned long long>(random_bits()));
  return text.data();
}

Result<LedgerHead> read_head(Database& database, const Sql& sql) {
  LedgerHead head;
  bool found = false;
  const auto read = database.query(sql, {}, [&](const Row& row) -> Result<void> {
    found = true;
    head.ledger_id = TRY(row.text(0));
    head.count = TRY(row.int64(1));
    const auto bytes = TRY(row.blob(2));
    head.hash = TRY(hash_from_blob(bytes));
    return {};
  });
  if (!read) return std::unexpected(read.error());
  if (!found)
    return fail(ErrorCode::Corrupt, "the ledger in " + database.shown() + " has lost its head",
                "`croft ledger verify` says more; restore a backup.");
  return head;
}

/// One row on its way into the table.
struct Appending {
  Database& database;
  LedgerHead& head;
  AppendResult& result;

  Result<std::optional<LedgerHash>> stored_under(const std::string& id) const {
    std::optional<LedgerHash> found;
    const auto read =
        database.query(ledger_sql::find_id, {id}, [&](const Row& row) -> Result<void> {
          const auto bytes = TRY(row.blob(0));
          found = TRY(hash_from_blob(bytes));
          return {};
        });
    if (!read) return std::unexpected(read.error());
    return found;
  }

  Result<void> insert(const LedgerValues& values, const LedgerHash& content) const {
    ++head.count;
    head.hash = chain_hash(head.hash, head.count, content);
    std::vector<SqlParameter> parameters;
    parameters.reserve(values.size() + 4);
    parameters.emplace_back(head.count);
    parameters.emplace_back(ledger_row_version);
    parameters.insert(parameters.end(), values.begin(), values.end());
    parameters.emplace_back(SqlParameter::Blob(content));
    parameters.emplace_back(SqlParameter::Blob(head.hash));
    TRY(database.execute(ledger_sql::insert, SqlParameters(parameters)));
    ++result.appended;
    return {};
  }

  Result<void> append(const LedgerRow& row, Repeats repeats) const {
    LedgerValues values = ledger_values(row);
    LedgerHash content = content_hash(encode_ledger_row(values));
    std::string other_id;
    if (repeats == Repeats::Possible) {
      auto stored = TRY(stored_under(row.id));
      if (stored && *stored != content) {
        // A second request of this id: its tokens and money count too. The same row gets the same
        // name again.
        other_id = row.id + "~" + hash_text(content).substr(0, 12);
        values[ledger_column_index("id")] = SqlParameter(other_id);
        content = content_hash(encode_ledger_row(values));
        stored = TRY(stored_under(other_id));
        if (!stored) ++result.renamed;
      }
      if (stored) {
        ++result.repeated;
        return {};
      }
    }
    return insert(values, content);
  }
};

}  // namespace

Result<Ledger> Ledger::open(Database database) {
  const auto encoding =
      TRY(database.query_text(Sql("SELECT 'UTF8'", "SELECT current_setting('server_encoding')")));
  if (encoding != "UTF8")
    return fail(ErrorCode::Unsupported,
                "the database " + database.shown() + " cannot store every text: its encoding is " +
                    encoding.value_or("unknown"),
                "Create it with: createdb --encoding=UTF8 --template=template0");
  TRY(migrate(database, "ledger", ledger_sql::migrations));
  const std::string id = random_id();
  const LedgerHash genesis = genesis_hash(id);
  // In this order: another process may make the head, and then append, at any moment.
  const auto rows = TRY(database.query_int64(ledger_sql::last_row));
  const auto heads = TRY(database.query_int64("SELECT count(*) FROM croft_ledger_head"));
  if (heads == 0) {
    // A ledger that has rows and no head was tampered with: a new head would hide it.
    if (rows)
      return fail(ErrorCode::Corrupt, "the ledger in " + database.shown() + " has lost its head",
                  "`croft ledger verify` says more; restore a backup.");
    TRY(database.execute(ledger_sql::make_head, {id, SqlParameter::Blob(genesis)}));
  }
  return Ledger(std::move(database));
}

Result<Ledger> Ledger::open_for_reading(Database database) {
  const int version = TRY(schema_version(database, "ledger"));
  if (version == 0)
    return fail(ErrorCode::NotFound, "there is no ledger in the database " + database.shown(),
                "`croft serve --database` makes one.");
  if (version > ledger_sql::migrations[std::size(ledger_sql::migrations) - 1].version)
    return fail(ErrorCode::Unsupported,
                "the ledger in " + database.shown() + " is of a newer Croft", "Use that Croft.");
  return Ledger(std::move(database));
}

Result<AppendResult> Ledger::append(std::span<const LedgerRow> rows, Repeats repeats) {
  AppendResult result;
  if (rows.empty()) return result;
  Transaction transaction = TRY(database_.begin());
  LedgerHead head = TRY(read_head(database_, ledger_sql::lock_head));
  const std::int64_t count_before = head.count;
  const Appending appending{database_, head, result};
  for (const LedgerRow& row : rows) TRY(appending.append(row, repeats));
  if (head.count != count_before)
    TRY(database_.execute(ledger_sql::move_head, {head.count, SqlParameter::Blob(head.hash)}));
  TRY(transaction.commit());
  return result;
}

Result<LedgerHead> Ledger::head() {
  return read_head(database_, ledger_sql::read_head);
}

Result<void> Ledger::read(const LedgerRange& range,
                          const std::function<Result<void>(const StoredLedgerRow&)>& visit,
                          const LedgerProgress& progress) {
  // Clocks jump, so rows are not in the order of their times; these are the ends of what can match.
  const auto first = TRY(database_.query_int64(ledger_sql::first_since, {range.since_us}));
  const auto last = TRY(database_.query_int64(ledger_sql::last_before, {range.until_us}));
  if (!first || !last) return {};
  const std::int64_t total = std::max<std::int64_t>(0, *last - *first + 1);
  std::int64_t at = *first - 1;
  while (at < *last) {
    std::int64_t rows = 0;
    const auto page = database_.query(
        ledger_sql::read_page, {at, *last, page_rows, range.since_us, range.until_us},
        [&](const Row& row) -> Result<void> {
          const int hashes = 2 + static_cast<int>(ledger_column_count);
          StoredLedgerRow stored;
          stored.seq = TRY(row.int64(0));
          stored.values = TRY(ledger_values(row, 2));
          stored.content_hash = TRY(row.blob(hashes));
          stored.hash = TRY(row.blob(hashes + 1));
          at = stored.seq;
          ++rows;
          return visit(stored);
        });
    if (!page) return page;
    if (progress && !progress(std::min(total, at - *first + 1), total))
      return fail(ErrorCode::Cancelled, "reading the ledger was stopped");
    if (rows < page_rows) break;
  }
  return {};
}

}  // namespace croft
