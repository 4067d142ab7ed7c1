// Goal: no row is lost or kept twice whatever the database does: slow, locked, away, full, moved,
// dead in the middle; and the state says what is going on.
// Method: a real writer over both databases; faults made with real means (a stopped server, a file
// size limit, a moved file, kill -9).
#include "store/ledger/ledger_writer.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "store/database/test_databases.h"
#include "store/ledger/test_rows.h"

namespace croft {
namespace {

constexpr std::chrono::milliseconds long_wait = std::chrono::minutes(3);

class Writer : public DatabaseTest {
 protected:
  LedgerWriterOptions options() const {
    return {.database = address_,
            .journal = folder_ / "waiting.rows",
            .retry_max = std::chrono::milliseconds(200)};
  }
  std::unique_ptr<LedgerWriter> start() { return must(LedgerWriter::start(options())); }
  std::vector<std::string> ids() {
    Ledger ledger = must(Ledger::open_for_reading(open()));
    std::vector<std::string> all;
    must(ledger.read({}, [&](const StoredLedgerRow& row) -> Result<void> {
      all.push_back(TRY(ledger_row(row.values)).id);
      return {};
    }));
    return all;
  }
  static std::vector<std::string> expected(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back(sample_row(i).id);
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, Writer, both_databases, database_name);

TEST_P(Writer, WritesInGroupsAndInOrder) {
  const auto writer = start();
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(writer->write(sample_row(i)));
  must(writer->flush_to_database(long_wait));
  const LedgerStatus status = writer->status();
  EXPECT_EQ(status.state, LedgerState::Ok);
  EXPECT_EQ(status.rows_written, 2000U);
  EXPECT_EQ(status.rows_spilled, 0U);
  EXPECT_LT(status.groups, 400U);
  EXPECT_EQ(ids(), expected(2000));
}

TEST_P(Writer, EndsWithoutLosingWhatIsQueued) {
  {
    const auto writer = start();
    for (int i = 0; i < 700; ++i) writer->write(sample_row(i));
  }
  EXPECT_EQ(ids(), expected(700));
}

TEST_P(Writer, AFullQueueIsSaidAndCounted) {
  LedgerWriterOptions small = options();
  small.queue_rows_max = 50;
  small.group_wait = std::chrono::minutes(10);
  const auto writer = must(LedgerWriter::start(small));
  int taken = 0;
  for (int i = 0; i < 60; ++i) {
    EXPECT_TRUE(i >= 25 || writer->accepting());
    taken += writer->write(sample_row(i)) ? 1 : 0;
  }
  EXPECT_EQ(taken, 50);
  EXPECT_FALSE(writer->accepting());
  const LedgerStatus status = writer->status();
  EXPECT_EQ(status.state, LedgerState::Failed);
  EXPECT_TRUE(status.why.contains("full")) << status.why;
  EXPECT_EQ(status.rows_refused, 10U);
  must(writer->flush_to_database(long_wait));
  EXPECT_TRUE(writer->accepting());
  EXPECT_EQ(writer->status().state, LedgerState::Ok);
}

TEST_P(Writer, WaitsForAnotherWritersLockInTheJournal) {
  LedgerWriterOptions quick = options();
  quick.connection.lock_wait = std::chrono::milliseconds(50);
  const auto writer = must(LedgerWriter::start(quick));
  writer->write(sample_row(0));
  must(writer->flush_to_database(long_wait));
  {
    Database other = open();
    Transaction held = must(other.begin());
    must(other.execute("UPDATE croft_ledger_head SET count = count"));
    for (int i = 1; i < 100; ++i) writer->write(sample_row(i));
    must(writer->flush(long_wait));
    const LedgerStatus status = writer->status();
    EXPECT_EQ(status.state, LedgerState::Degraded);
    EXPECT_TRUE(status.why.contains("locked")) << status.why;
    EXPECT_EQ(status.rows_journaled, 99U);
    EXPECT_GT(status.since_us, 1'700'000'000'000'000);
    EXPECT_FALSE(writer->flush_to_database(std::chrono::milliseconds(10)));
  }
  for (int i = 100; i < 120; ++i) writer->write(sample_row(i));
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(writer->status().state, LedgerState::Ok);
  EXPECT_EQ(ids(), expected(120));
}

TEST_P(Writer, JournalsOfTheDeadAreBroughtIn) {
  // As if a process had died after it wrote the journal, and after half of it was in the database.
  {
    LedgerJournal journal = must(LedgerJournal::open(folder_ / "waiting.rows"));
    must(journal.append(sample_rows(0, 600)));
    LedgerJournal second = must(LedgerJournal::open(folder_ / "waiting.rows.2"));
    must(second.append(sample_rows(600, 5)));
    Ledger ledger = must(Ledger::open(open()));
    must(ledger.append(sample_rows(0, 300), Repeats::Impossible));
  }
  const auto writer = start();
  writer->write(sample_row(605));
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(writer->status().rows_repeated, 300U);
  const std::vector<std::string> all = ids();
  EXPECT_EQ(all.size(), 606U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 606U);
  EXPECT_EQ(all.back(), "req-605");
  // A second server on the same database takes a journal of its own.
  const auto beside = start();
  beside->write(sample_row(606));
  must(beside->flush_to_database(long_wait));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "waiting.rows.1"));
}

/// Writes for ever; tells on `out` the highest row that flush has said to be durable.
[[noreturn]] void write_until_killed(const LedgerWriterOptions& options, int first, int out) {
  const auto writer = LedgerWriter::start(options);
  if (!writer) ::_exit(1);
  for (int i = first;; ++i) {
    (*writer)->write(sample_row(i));
    if (i % 7 == 0 && (*writer)->flush(long_wait)) std::ignore = ::write(out, &i, sizeof i);
  }
}

TEST_P(Writer, KilledAtAnyMomentKeepsWhatItSaidIsDurable) {
  {
    must(Ledger::open(open()));
  }
  int first = 0, durable = -1;
  for (int round = 0; round < 12; ++round) {
    int ends[2] = {};
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) write_until_killed(options(), first, ends[1]);
    ::close(ends[1]);
    // The first report shows that it runs; then some time that differs from round to round.
    int said = 0;
    ASSERT_EQ(::read(ends[0], &said, sizeof said), static_cast<ssize_t>(sizeof said));
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 7 % 31));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    do durable = std::max(durable, said);
    while (::read(ends[0], &said, sizeof said) == static_cast<ssize_t>(sizeof said));
    ::close(ends[0]);
    first = durable + 100'000;  // ids of this child beyond `durable` may be there as well
    // What it wrote is there: in the table, or in the journal that the next start brings in.
    start();
    const std::vector<std::string> all = ids();
    const std::set<std::string> distinct(all.begin(), all.end());
    EXPECT_EQ(all.size(), distinct.size());
    EXPECT_TRUE(distinct.contains(sample_row(durable).id)) << "round " << round;
  }
}

class SqliteWriter : public Writer {};
INSTANTIATE_TEST_SUITE_P(Databases, SqliteWriter, ::testing::Values(DatabaseKind::Sqlite),
                         database_name);

TEST_P(SqliteWriter, AFullDiskKeepsRowsInMemoryAndSaysSo) {
  const auto writer = start();
  for (int i = 0; i < 10; ++i) writer->write(sample_row(i));
  must(writer->flush_to_database(long_wait));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit small = old;
  small.rlim_cur = 4096;  // neither the database nor the journal can grow
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 10; i < 300; ++i) writer->write(sample_row(i));
  EXPECT_FALSE(writer->flush(std::chrono::milliseconds(500)));
  const LedgerStatus status = writer->status();
  EXPECT_EQ(status.state, LedgerState::Failed);
  EXPECT_TRUE(status.why.contains("full") || status.why.contains("too large")) << status.why;
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(writer->status().state, LedgerState::Ok);
  EXPECT_EQ(ids(), expected(300));
}

TEST_P(SqliteWriter, AMovedFileIsNamedAndComesBack) {
  const auto writer = start();
  writer->write(sample_row(0));
  must(writer->flush_to_database(long_wait));
  std::filesystem::rename(address_, address_ + ".away");
  for (int i = 1; i < 50; ++i) writer->write(sample_row(i));
  must(writer->flush(long_wait));
  EXPECT_EQ(writer->status().state, LedgerState::Degraded);
  EXPECT_FALSE(std::filesystem::exists(address_));  // and no empty one takes its place
  std::filesystem::rename(address_ + ".away", address_);
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(ids(), expected(50));
}

class PostgresWriter : public Writer {};
INSTANTIATE_TEST_SUITE_P(Databases, PostgresWriter, ::testing::Values(DatabaseKind::Postgres),
                         database_name);

TEST_P(PostgresWriter, TheServerGoesAwayAndComesBack) {
  auto writer = start();
  for (int i = 0; i < 100; ++i) writer->write(sample_row(i));
  must(writer->flush_to_database(long_wait));
  postgres().stop(SIGQUIT);
  for (int i = 100; i < 1500; ++i) writer->write(sample_row(i));
  must(writer->flush(long_wait));
  LedgerStatus status = writer->status();
  EXPECT_EQ(status.state, LedgerState::Degraded);
  EXPECT_TRUE(status.why.contains("not there")) << status.why;
  EXPECT_EQ(status.rows_journaled, 1400U);
  // Our own end and start while it is away change nothing.
  writer.reset();
  writer = start();
  EXPECT_EQ(writer->status().state, LedgerState::Degraded);
  writer->write(sample_row(1500));
  must(writer->flush(long_wait));
  postgres().start();
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(writer->status().state, LedgerState::Ok);
  EXPECT_EQ(ids(), expected(1501));
}

TEST_P(PostgresWriter, AReadOnlyServerIsNamed) {
  const auto writer = start();
  writer->write(sample_row(0));
  must(writer->flush_to_database(long_wait));
  postgres().stop();
  postgres().start({"default_transaction_read_only=on"});
  writer->write(sample_row(1));
  must(writer->flush(long_wait));
  const LedgerStatus status = writer->status();
  EXPECT_EQ(status.state, LedgerState::Degraded);
  EXPECT_TRUE(status.why.contains("read-only")) << status.why;
  postgres().stop();
  postgres().start();
  must(writer->flush_to_database(long_wait));
  EXPECT_EQ(ids(), expected(2));
}

TEST(LedgerJournalFile, SurvivesWhatCrashesAndDisksDo) {
  const TestFolder folder;
  const auto path = folder / "rows";
  const auto rows = sample_rows(0, 10);
  {
    must(must(LedgerJournal::open(path)).append(rows));
  }
  std::string whole;
  {
    std::ifstream stream(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(stream), {});
  }
  const auto reopened = [&](const std::string& bytes) {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      std::filesystem::remove(entry);
    std::ofstream(path, std::ios::binary) << bytes;
    return LedgerJournal::open(path);
  };
  {
    LedgerJournal first = must(reopened(whole));
    EXPECT_EQ(LedgerJournal::open(path).error().code, ErrorCode::Busy);
    EXPECT_EQ(must(first.next(3)), sample_rows(0, 3));
    first.accept();
    EXPECT_EQ(must(first.next(100)), sample_rows(3, 7));
    EXPECT_TRUE(first.has_rows());  // not accepted yet
    first.accept();
    EXPECT_FALSE(first.has_rows());
    must(first.clear());
    must(first.append(sample_rows(20, 1)));
    EXPECT_EQ(must(first.next(100)), sample_rows(20, 1));
  }
  // Cut off anywhere: whole rows stay, and what was cut is kept aside.
  for (std::size_t size = 0; size < whole.size(); size += 37) {
    LedgerJournal cut = must(reopened(whole.substr(0, size)));
    EXPECT_LT(cut.row_count(), rows.size());
    must(cut.append(sample_rows(30, 1)));
    const auto left = must(cut.next(100));
    EXPECT_EQ(left.size(), cut.row_count());
    EXPECT_EQ(left.back(), sample_row(30));
  }
  // A flipped byte costs at most its row (or, in a length, what follows), never a wrong row.
  std::size_t kept_copies = 0;
  for (std::size_t at = 20; at < whole.size(); at += 11) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    LedgerJournal journal = must(reopened(flipped));
    kept_copies += std::filesystem::exists(journal.damaged_copy()) ? 1 : 0;
    for (const LedgerRow& row : must(journal.next(100)))
      EXPECT_NE(std::ranges::find(rows, row), rows.end());
  }
  EXPECT_EQ(kept_copies, (whole.size() - 20 + 10) / 11);
  EXPECT_EQ(reopened("something else entirely, of 40 characters").error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace croft
