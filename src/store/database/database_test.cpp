// Goal: one set of calls means the same on SQLite and on PostgreSQL: values, transactions,
// migrations, locks, and errors that name what happened.
// Method: every test runs on a SQLite file and on a real PostgreSQL server (test_databases.h).
#include "store/database/database.h"

#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "store/database/migrate.h"
#include "store/database/test_databases.h"

namespace croft {
namespace {

class DatabaseLayer : public DatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, DatabaseLayer, both_databases, database_name);

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
}

constexpr Sql make_table(
    "CREATE TABLE thing (id BIGINT PRIMARY KEY, number DOUBLE PRECISION, "
    "word TEXT UNIQUE, bytes BYTEA, part BIGINT REFERENCES thing (id))");

std::int64_t count(Database& database) {
  return must(database.query_int64("SELECT count(*) FROM thing")).value();
}

TEST_P(DatabaseLayer, ValuesComeBackAsTheyWere) {
  Database database = open();
  must(database.script(make_table));
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{255}, std::byte{39}};
  const std::string word = "naïve '; DROP TABLE thing; -- \"?1\" $1";
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(
      must(database.execute("INSERT INTO thing (id, number, word, bytes) VALUES (?1, ?2, ?3, ?4)",
                            {least, 0.1, word, bytes})),
      1);
  EXPECT_EQ(
      must(database.execute("INSERT INTO thing (id, number, word, bytes) VALUES (?1, ?2, ?3, ?4)",
                            {1, nullptr, "", std::span<const std::byte>()})),
      1);
  int rows = 0;
  must(database.query("SELECT id, number, word, bytes, part FROM thing ORDER BY id", {},
                      [&](const Row& row) -> Result<void> {
                        EXPECT_EQ(row.column_count(), 5);
                        if (rows++ == 0) {
                          EXPECT_EQ(row.int64(0).value(), least);
                          EXPECT_EQ(row.real(1).value(), 0.1);
                          EXPECT_EQ(row.text(2).value(), word);
                          EXPECT_TRUE(std::ranges::equal(row.blob(3).value(), bytes));
                          EXPECT_TRUE(row.is_null(4));
                          EXPECT_EQ(row.int64(4).error().code, ErrorCode::Corrupt);
                          EXPECT_EQ(row.text(0).error().code, ErrorCode::Corrupt);
                        } else {
                          EXPECT_TRUE(row.is_null(1));
                          EXPECT_FALSE(row.is_null(2));
                          EXPECT_EQ(row.text(2).value(), "");
                          EXPECT_FALSE(row.is_null(3));
                          EXPECT_TRUE(row.blob(3).value().empty());
                        }
                        return {};
                      }));
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(must(database.query_text("SELECT word FROM thing WHERE word = ?1", {word})), word);
  EXPECT_EQ(must(database.query_text("SELECT '?1' FROM thing WHERE id = ?1", {1})), "?1");
  EXPECT_EQ(must(database.query_int64("SELECT id FROM thing WHERE id = ?1", {7})), std::nullopt);
  EXPECT_EQ(
      must(database.query_int64("SELECT CAST(sum(id) AS BIGINT) FROM thing WHERE id > ?1", {5})),
      std::nullopt);
  EXPECT_EQ(
      must(database.query_int64("UPDATE thing SET part = id WHERE id = ?1 RETURNING part", {1})),
      1);
}

TEST_P(DatabaseLayer, TextThatOneOfThemWouldChangeIsRefused) {
  Database database = open();
  must(database.script(make_table));
  using namespace std::string_literals;
  for (const std::string& bad : {"a\0b"s, "\xff"s, "\xc3"s, "\xed\xa0\x80"s}) {
    const auto put = database.execute("INSERT INTO thing (id, word) VALUES (1, ?1)", {bad});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_EQ(count(database), 0);
}

TEST_P(DatabaseLayer, ATransactionIsWholeOrNothing) {
  Database database = open();
  must(database.script(make_table));
  {
    Transaction transaction = must(database.begin());
    must(database.execute("INSERT INTO thing (id) VALUES (?1)", {1}));
    EXPECT_EQ(database.begin().error().code, ErrorCode::Internal);
  }
  EXPECT_EQ(count(database), 0);
  {
    Transaction transaction = must(database.begin());
    must(database.execute("INSERT INTO thing (id) VALUES (?1)", {1}));
    must(transaction.commit());
  }
  EXPECT_EQ(count(database), 1);
  {
    // What fails takes all of its transaction along, on both.
    Transaction transaction = must(database.begin());
    must(database.execute("INSERT INTO thing (id) VALUES (?1)", {2}));
    EXPECT_FALSE(database.execute("INSERT INTO thing (id) VALUES (?1)", {2}));
    EXPECT_EQ(database.fault(), DatabaseFault::Constraint);
    EXPECT_FALSE(database.execute("INSERT INTO thing (id) VALUES (?1)", {3}));
    EXPECT_FALSE(transaction.commit());
  }
  EXPECT_EQ(count(database), 1);
  {
    Transaction transaction = must(database.begin(TransactionKind::Read));
    EXPECT_EQ(count(database), 1);
    Database other = open();
    must(other.execute("INSERT INTO thing (id) VALUES (?1)", {9}));
    EXPECT_EQ(count(database), 1);
  }
  EXPECT_EQ(count(database), 2);
}

TEST_P(DatabaseLayer, ErrorsNameWhatHappened) {
  Database database = open();
  must(database.script(make_table));
  must(database.execute("INSERT INTO thing (id, word) VALUES (1, 'a')"));
  const auto twice = database.execute("INSERT INTO thing (id, word) VALUES (2, ?1)", {"a"});
  EXPECT_EQ(twice.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(database.fault(), DatabaseFault::Constraint);
  const auto stray = database.execute("INSERT INTO thing (id, part) VALUES (2, ?1)", {77});
  EXPECT_EQ(stray.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(database.fault(), DatabaseFault::Constraint);
  EXPECT_EQ(database.execute("INSERT INTO nowhere (id) VALUES (1)").error().code,
            ErrorCode::Internal);
  EXPECT_FALSE(database.execute("INSERT INTO thing (id) VALUES (?1)", {1, 2}));
  const auto nested = database.query("SELECT id FROM thing", {}, [&](const Row&) -> Result<void> {
    EXPECT_EQ(database.execute("DELETE FROM thing").error().code, ErrorCode::Internal);
    return fail(ErrorCode::Cancelled, "enough");
  });
  EXPECT_EQ(nested.error().code, ErrorCode::Cancelled);
  EXPECT_EQ(count(database), 1);  // and it is of use again

  Database reader = open({.read_only = true});
  EXPECT_EQ(count(reader), 1);
  const auto written = reader.execute("INSERT INTO thing (id) VALUES (?1)", {3});
  ASSERT_FALSE(written);
  EXPECT_EQ(reader.fault(), DatabaseFault::ReadOnly);
  EXPECT_EQ(written.error().code, ErrorCode::Io);
  EXPECT_TRUE(written.error().message.contains("read-only")) << written.error().message;
}

TEST_P(DatabaseLayer, AnotherWritersLockIsWaitedForAndThenNamed) {
  Database first = open();
  Database second = open({.lock_wait = std::chrono::milliseconds(50)});
  must(first.script(make_table));
  must(first.execute("INSERT INTO thing (id, part) VALUES (1, 1)"));
  constexpr Sql touch("UPDATE thing SET number = 1 WHERE id = 1");
  {
    Transaction held = must(first.begin());
    must(first.execute(touch));
    const auto refused = [&]() -> Result<void> {
      Transaction transaction = TRY(second.begin());
      TRY(second.execute(touch));
      return transaction.commit();
    }();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(second.fault(), DatabaseFault::Locked);
    must(held.commit());
  }
  EXPECT_EQ(must(second.execute(touch)), 1);
}

TEST_P(DatabaseLayer, ManyWritersAddUp) {
  {
    Database database = open();
    must(database.script(make_table));
    must(database.execute("INSERT INTO thing (id, part) VALUES (1, 1)"));
    must(database.script("ALTER TABLE thing ADD COLUMN total BIGINT NOT NULL DEFAULT 0"));
  }
  constexpr int threads = 8, rounds = 25;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < threads; ++i)
      writers.emplace_back([&] {
        // Minutes: the machine may be busy with anything.
        Database database =
            open({.lock_wait = std::chrono::minutes(2), .answer_wait = std::chrono::minutes(2)});
        for (int round = 0; round < rounds; ++round) {
          const auto done = [&]() -> Result<void> {
            Transaction transaction = TRY(database.begin());
            const auto total =
                TRY(database.query_int64(Sql("SELECT total FROM thing WHERE id = 1",
                                             "SELECT total FROM thing WHERE id = 1 FOR UPDATE")));
            TRY(database.execute("UPDATE thing SET total = ?1 WHERE id = 1", {*total + 1}));
            return transaction.commit();
          }();
          if (!done) ++failures;
        }
      });
  }
  Database database = open();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(must(database.query_int64("SELECT total FROM thing")), threads * rounds);
}

TEST_P(DatabaseLayer, MigrationsRunOnceAlsoWhenManyStart) {
  static constexpr Migration steps[] = {
      {1, "CREATE TABLE thing (id BIGINT PRIMARY KEY)"},
      {2, "ALTER TABLE thing ADD COLUMN word TEXT; INSERT INTO thing VALUES (1, 'once')"},
  };
  {
    Database database = open();
    EXPECT_EQ(must(schema_version(database, "things")), 0);
    must(migrate(database, "things", std::span(steps).first(1)));
    EXPECT_EQ(must(schema_version(database, "things")), 1);
    EXPECT_EQ(must(schema_version(database, "others")), 0);
  }
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> starters;
    for (int i = 0; i < 6; ++i)
      starters.emplace_back([&] {
        Database database =
            open({.lock_wait = std::chrono::minutes(2), .answer_wait = std::chrono::minutes(2)});
        if (!migrate(database, "things", steps)) ++failures;
      });
  }
  EXPECT_EQ(failures, 0);
  Database database = open();
  EXPECT_EQ(count(database), 1);
  const auto old = migrate(database, "things", std::span(steps).first(1));
  EXPECT_EQ(old.error().code, ErrorCode::Unsupported);
  // A step that fails leaves nothing of itself.
  static constexpr Migration broken[] = {
      steps[0], steps[1], {3, "CREATE TABLE third (id BIGINT); SELECT nonsense FROM nowhere"}};
  EXPECT_FALSE(migrate(database, "things", broken));
  EXPECT_EQ(must(schema_version(database, "things")), 2);
  must(database.script("CREATE TABLE third (id BIGINT)"));
}

TEST(DatabaseSqlite, OpensOnlyWhatIsADatabase) {
  const TestFolder folder;
  EXPECT_EQ(Database::open((folder / "none.db").string(), {.create = false}).error().code,
            ErrorCode::NotFound);
  EXPECT_EQ(Database::open((folder / "no").string() + "/x.db").error().code, ErrorCode::NotFound);
  EXPECT_EQ(Database::open(folder.path().string()).error().code, ErrorCode::InvalidArgument);
  std::ofstream(folder / "text.db") << std::string(5000, 'x');
  const auto text = Database::open((folder / "text.db").string());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::Corrupt);
  // Names that SQLite would take for something else; rights of the owner only.
  const auto odd = folder / "a?mode=memory#%41.db";
  {
    Database database = must(Database::open(odd.string()));
    must(database.script(make_table));
  }
  const auto rights = std::filesystem::status(odd).permissions();
  EXPECT_EQ(rights & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
  Database again = must(Database::open(odd.string(), {.read_only = true}));
  EXPECT_EQ(count(again), 0);
}

TEST(DatabaseSqlite, AFullDiskIsNamedAndLosesNothing) {
  const TestFolder folder;
  Database database = must(Database::open((folder / "full.db").string()));
  must(database.script(make_table));
  // Once as SQLite says it, once as the system does.
  must(database.script("PRAGMA max_page_count = 20"));
  const std::vector<std::byte> bytes(3000);
  const auto put = [&](std::int64_t id) {
    return database.execute("INSERT INTO thing (id, bytes) VALUES (?1, ?2)", {id, bytes});
  };
  std::int64_t id = 0;
  Result<std::int64_t> full;
  while ((full = put(id))) ++id;
  EXPECT_EQ(database.fault(), DatabaseFault::Full);
  EXPECT_EQ(full.error().code, ErrorCode::Io);
  EXPECT_TRUE(full.error().message.contains("full")) << full.error().message;
  EXPECT_EQ(count(database), id);
  must(database.script("PRAGMA max_page_count = 100000"));
  must(put(id));

  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{.rlim_cur = 256 * 1024, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  while ((full = put(++id))) {
  }
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_EQ(database.fault(), DatabaseFault::Full) << full.error().to_string();
  EXPECT_EQ(count(database), id);
  must(put(id));
}

class DatabasePostgres : public DatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, DatabasePostgres, ::testing::Values(DatabaseKind::Postgres),
                         database_name);

TEST_P(DatabasePostgres, GoesAwayAndComesBack) {
  Database database = open();
  must(database.script(make_table));
  must(database.execute("INSERT INTO thing (id) VALUES (?1)", {1}));
  {
    Transaction transaction = must(database.begin());
    must(database.execute("INSERT INTO thing (id) VALUES (?1)", {2}));
    postgres().stop(SIGQUIT);
    const auto lost = database.execute("INSERT INTO thing (id) VALUES (?1)", {3});
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(database.fault(), DatabaseFault::Away);
    // The second half of a transaction must not run on a new connection.
    postgres().start();
    EXPECT_FALSE(database.execute("INSERT INTO thing (id) VALUES (?1)", {4}));
    EXPECT_FALSE(transaction.commit());
  }
  EXPECT_EQ(count(database), 1);
  postgres().stop();
  const auto away = database.begin();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::Unavailable);
  const auto soon = database.begin();  // not even tried
  ASSERT_FALSE(soon);
  EXPECT_GE(soon.error().retry_after_seconds, 1);
  postgres().start();
  for (int i = 0; i < 1000 && !database.begin(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  must(database.execute("INSERT INTO thing (id) VALUES (?1)", {5}));
  EXPECT_EQ(count(database), 2);
  // A restart while nobody looks: a transaction begins as if nothing had been.
  postgres().stop();
  postgres().start();
  Transaction transaction = must(database.begin());
  EXPECT_EQ(count(database), 2);
}

TEST_P(DatabasePostgres, AServerThatHangsIsGivenUp) {
  Database database = open({.answer_wait = std::chrono::milliseconds(300)});
  ASSERT_EQ(::kill(postgres().process(), 0), 0);
  const auto slow = database.query("SELECT 1 FROM pg_sleep(100)", {}, {});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::Unavailable);
  const auto backend = must(database.query_int64("SELECT pg_backend_pid()")).value();
  ASSERT_EQ(::kill(static_cast<pid_t>(backend), SIGSTOP), 0);
  const auto dead = database.query_int64("SELECT 1");
  ::kill(static_cast<pid_t>(backend), SIGCONT);
  ASSERT_FALSE(dead);
  EXPECT_EQ(database.fault(), DatabaseFault::Away);
  EXPECT_EQ(must(database.query_int64("SELECT 1")), 1);
}

TEST_P(DatabasePostgres, RefusalsAreNamed) {
  EXPECT_EQ(Database::open(postgres().address("nothing")).error().code, ErrorCode::NotFound);
  const std::string secret = "hunter2";
  const auto stranger = Database::open("postgres://stranger:" + secret + "@/postgres?host=" +
                                       address_.substr(address_.find("host=") + 5));
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, ErrorCode::Forbidden);
  EXPECT_FALSE(stranger.error().to_string().contains(secret));
  const auto nobody = Database::open("postgres://u:" + secret + "@127.0.0.1:1/x");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::Unavailable);
  EXPECT_FALSE(nobody.error().to_string().contains(secret));
}

TEST(DatabaseAddress, NeverShowsAPassword) {
  struct Case {
    std::string given, shown;
  };
  for (const Case& c : std::vector<Case>{
           {"postgres://user@host/db", "postgres://user@host/db"},
           {"postgresql://user:hunter2@host:5432/db", "postgres://user@host/db"},
           {"postgres://user:hunter2@[::1]:5432/db?sslmode=require",
            "postgres://user@[::1]:5432/db"},
           {"postgres:///db?host=/run/postgresql&password=hunter2", "postgres:///db"},
           {"postgres://user:hunter2?@host/db", "postgres://user"},
           {"/var/lib/croft.db", "/var/lib/croft.db"},
       }) {
    const auto parsed = parse_database_address(c.given);
    ASSERT_TRUE(parsed) << c.given;
    EXPECT_EQ(parsed->shown, c.shown);
    EXPECT_FALSE(parsed->shown.contains("hunter2"));
  }
  EXPECT_EQ(parse_database_address("postgres://u:%68unter2@h/d")->password, "hunter2");
  EXPECT_EQ(parse_database_address("postgres://h/d?x=1&password=hunter2")->password, "hunter2");
  for (const char* bad : {"", "postgres://u:hunter2@x@host/db", "postgres://u:hunter2/@host/db",
                          "mysql://u:hunter2@host/db", "host=/tmp password=hunter2", "a\xff"}) {
    const auto parsed = parse_database_address(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_FALSE(parsed.error().to_string().contains("hunter2"));
  }
  // libpq's own complaints quote the URL.
  const auto port = Database::open("postgres://u:hunter2@host:port/db");
  ASSERT_FALSE(port);
  EXPECT_FALSE(port.error().to_string().contains("hunter2"));
  const auto option = Database::open("postgres://u:hun%74er2@host/db?nonsense=1");
  ASSERT_FALSE(option);
  EXPECT_FALSE(option.error().to_string().contains("er2"));
}

}  // namespace
}  // namespace croft
