// Goal: a row comes back from both databases as it was, its hashes are what docs/formats/ledger.md
// says, rows are numbered without gaps by any number of writers, and none is kept twice.
// Method: rows that differ in every field, on SQLite and PostgreSQL; bytes computed by hand.
#include "store/ledger/ledger.h"

#include <atomic>
#include <thread>

#include "io/sha256.h"
#include "store/database/test_databases.h"
#include "store/ledger/ledger_sql.h"
#include "store/ledger/test_rows.h"

namespace croft {
namespace {

class LedgerTable : public DatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, LedgerTable, both_databases, database_name);

std::string sha_of(std::string_view bytes) {
  return sha256_hex(std::as_bytes(std::span(bytes)));
}

std::vector<LedgerRow> read_all(Ledger& ledger, const LedgerRange& range = {}) {
  std::vector<LedgerRow> rows;
  must(ledger.read(range, [&](const StoredLedgerRow& stored) -> Result<void> {
    rows.push_back(TRY(ledger_row(stored.values)));
    return {};
  }));
  return rows;
}

TEST_P(LedgerTable, RowsComeBackAsTheyWere) {
  Ledger ledger = must(Ledger::open(open()));
  std::vector<LedgerRow> rows = sample_rows(0, 30);
  rows[3] = LedgerRow{};  // everything unknown
  rows[3].id = "empty";
  rows[4].total_us = std::numeric_limits<std::int64_t>::max();
  rows[4].time_us = std::numeric_limits<std::int64_t>::min();
  rows[5].cloud_cost = Money::unpriced();
  rows[6].reason = "'; DROP TABLE croft_ledger; -- ü€😀\r\n\"";
  must(ledger.append(std::span(rows).first(10), Repeats::Impossible));
  const AppendResult done = must(ledger.append(std::span(rows).subspan(10), Repeats::Impossible));
  EXPECT_EQ(done.appended, 20);
  EXPECT_EQ(read_all(ledger), rows);
  const LedgerHead head = must(ledger.head());
  EXPECT_EQ(head.count, 30);
  EXPECT_EQ(head.ledger_id.size(), 32U);

  // The same ledger again, by another connection.
  Ledger again = must(Ledger::open_for_reading(open({.read_only = true})));
  EXPECT_EQ(must(again.head()).hash, head.hash);
  EXPECT_EQ(read_all(again, {.since_us = rows[20].time_us, .until_us = rows[25].time_us}),
            std::vector<LedgerRow>(rows.begin() + 20, rows.begin() + 25));
}

TEST_P(LedgerTable, AnEmptyDatabaseHasNoLedger) {
  {
    const Database made_file = open();
  }
  EXPECT_EQ(Ledger::open_for_reading(open()).error().code, ErrorCode::NotFound);
  Ledger made = must(Ledger::open(open()));
  EXPECT_EQ(must(made.head()).count, 0);
  EXPECT_TRUE(read_all(made).empty());
}

TEST_P(LedgerTable, TheSameRowIsKeptOnce) {
  Ledger ledger = must(Ledger::open(open()));
  const std::vector<LedgerRow> rows = sample_rows(0, 6);
  must(ledger.append(std::span(rows).first(4), Repeats::Impossible));
  EXPECT_FALSE(ledger.append(std::span(rows).subspan(2), Repeats::Impossible));
  EXPECT_EQ(ledger.database().fault(), DatabaseFault::Constraint);
  EXPECT_EQ(must(ledger.head()).count, 4);  // all or nothing
  AppendResult done = must(ledger.append(std::span(rows).subspan(2), Repeats::Possible));
  EXPECT_EQ(done.appended, 2);
  EXPECT_EQ(done.repeated, 2);

  // Another request under the same id counts too, and also just once.
  std::vector<LedgerRow> other = {rows[0], rows[0]};
  other[0].prompt_tokens = other[1].prompt_tokens = 9999;
  done = must(ledger.append(other, Repeats::Possible));
  EXPECT_EQ(done.appended, 1);
  EXPECT_EQ(done.renamed, 1);
  EXPECT_EQ(done.repeated, 1);
  const std::vector<LedgerRow> all = read_all(ledger);
  ASSERT_EQ(all.size(), 7U);
  EXPECT_TRUE(all.back().id.starts_with("req-0~")) << all.back().id;
}

TEST_P(LedgerTable, RowsCannotBeChangedByAccident) {
  Ledger ledger = must(Ledger::open(open()));
  must(ledger.append(sample_rows(0, 3), Repeats::Impossible));
  Database& database = ledger.database();
  EXPECT_FALSE(database.execute("UPDATE croft_ledger SET team = 'red' WHERE seq = 2"));
  EXPECT_EQ(database.fault(), DatabaseFault::Constraint);
  EXPECT_FALSE(database.execute("DELETE FROM croft_ledger WHERE seq = 3"));
  EXPECT_EQ(must(database.query_int64("SELECT count(*) FROM croft_ledger WHERE team = 'blue'")), 3);
}

TEST_P(LedgerTable, ManyProcessesMakeOneChain) {
  constexpr int writers = 6, groups = 8, group = 5;
  {
    must(Ledger::open(open()));
  }
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer)
      threads.emplace_back([&, writer] {
        auto ledger = Ledger::open(
            open({.lock_wait = std::chrono::minutes(2), .answer_wait = std::chrono::minutes(2)}));
        for (int i = 0; i < groups; ++i)
          if (!ledger || !ledger->append(sample_rows((writer * groups + i) * group, group),
                                         Repeats::Impossible))
            ++failures;
      });
  }
  EXPECT_EQ(failures, 0);
  Ledger ledger = must(Ledger::open(open()));
  const LedgerHead head = must(ledger.head());
  EXPECT_EQ(head.count, writers * groups * group);
  LedgerHash hash = genesis_hash(head.ledger_id);
  std::int64_t seq = 0;
  must(ledger.read({}, [&](const StoredLedgerRow& row) -> Result<void> {
    const LedgerHash content = content_hash(encode_ledger_row(row.values));
    hash = chain_hash(hash, ++seq, content);
    EXPECT_EQ(row.seq, seq);
    EXPECT_EQ(must(hash_from_blob(row.content_hash)), content);
    EXPECT_EQ(must(hash_from_blob(row.hash)), hash);
    return {};
  }));
  EXPECT_EQ(hash, head.hash);
}

TEST_P(LedgerTable, ColumnsAreThoseOfTheSchema) {
  Ledger ledger = must(Ledger::open(open()));
  std::string names;
  for (const LedgerColumn& column : ledger_columns()) names += std::string(column.name) + " ";
  std::string stored;
  must(ledger.database().query(
      Sql("SELECT name FROM pragma_table_info('croft_ledger') ORDER BY cid",
          "SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = "
          "CAST('croft_ledger' AS regclass) AND attnum > 0 ORDER BY attnum"),
      {}, [&](const Row& row) -> Result<void> {
        stored += std::string(TRY(row.text(0))) + " ";
        return {};
      }));
  EXPECT_EQ("seq version " + names + "content_hash hash ", stored);
  EXPECT_TRUE(ledger_sql::insert.sqlite().contains("?46)"));
}

TEST(LedgerEncoding, IsWhatTheFormatSays) {
  LedgerRow row;
  row.id = "a";
  row.time_us = -2;
  row.prompt_tokens = 258;
  const std::string bytes = encode_ledger_row(ledger_values(row));
  using namespace std::string_literals;
  EXPECT_TRUE(
      bytes.starts_with("\0\0\0\1\0\0\0\x2a"
                        "\2\0\0\0\1a"
                        "\1\xff\xff\xff\xff\xff\xff\xff\xfe"
                        "\2\0\0\0\0"s));
  EXPECT_TRUE(bytes.contains("\1\0\0\0\0\0\0\1\2\0\0\0"s));  // 258, then absent values
  EXPECT_EQ(must(ledger_row(must(decode_ledger_row(bytes)))), row);
  EXPECT_EQ(hash_text(content_hash(bytes)), sha_of("croft.ledger.row" + bytes));
  EXPECT_EQ(hash_text(genesis_hash("x")), sha_of("croft.ledger.genesisx"));
  const LedgerHash zero{};
  EXPECT_EQ(hash_text(chain_hash(zero, 258, zero)),
            sha_of("croft.ledger.link" + std::string(32, '\0') + "\0\0\0\0\0\0\1\2"s +
                   std::string(32, '\0')));
  EXPECT_EQ(must(hash_from_text(hash_text(genesis_hash("x")))), genesis_hash("x"));
  EXPECT_FALSE(hash_from_text("abc"));
}

TEST(LedgerEncoding, EveryCutAndEveryFieldIsSeen) {
  const LedgerRow row = sample_row(7);
  const std::string bytes = encode_ledger_row(ledger_values(row));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_ledger_row(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_ledger_row(bytes + '\0'));
  const LedgerHash hash = content_hash(bytes);
  for (std::size_t i = 0; i < ledger_column_count; ++i) {
    LedgerValues values = ledger_values(row);
    if (ledger_columns()[i].kind == LedgerColumnKind::Text)
      values[i] = SqlParameter("other");
    else
      values[i] = SqlParameter(123'456'789);
    EXPECT_NE(content_hash(encode_ledger_row(values)), hash) << ledger_columns()[i].name;
  }
  LedgerValues wrong = ledger_values(row);
  wrong[ledger_column_index("escalated")] = SqlParameter(2);
  EXPECT_FALSE(ledger_row(wrong));
  wrong = ledger_values(row);
  wrong[ledger_column_index("cloud_cost_state")] = SqlParameter("unpriced");
  EXPECT_FALSE(ledger_row(wrong));  // with an amount beside it
}

TEST(LedgerRows, AreMadeStorable) {
  using namespace std::string_literals;
  LedgerRow row = sample_row(1);
  const LedgerRow before = row;
  make_storable(row);
  EXPECT_EQ(row, before);
  row.reason = "a\0b\xff"s;
  row.id = std::string(500, 'x');
  row.model = std::string(1023, 'y') + "€";
  row.attempts = std::string(70'000, '[');
  make_storable(row);
  EXPECT_EQ(row.reason, "a\uFFFDb\uFFFD");
  EXPECT_EQ(row.id.size(), 200U);
  EXPECT_EQ(row.model, std::string(1023, 'y'));
  EXPECT_EQ(row.attempts, R"({"cut":70000})");
  Database database = must(Database::open(":memory:"));
  Ledger ledger = must(Ledger::open(std::move(database)));
  must(ledger.append(std::span(&row, 1), Repeats::Impossible));
}

}  // namespace
}  // namespace croft
