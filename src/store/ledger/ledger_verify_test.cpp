// Goal: whatever is changed in a ledger is found and said where: each byte of the file, and each
// kind of change that somebody with SQL could make.
// Method: SQL behind the triggers' back on both databases; every byte of a small SQLite file
// flipped in turn, where a flip that verify does not see must leave every stored value as it was.
#include "store/ledger/ledger_verify.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/database/test_databases.h"
#include "store/ledger/test_rows.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CROFT_SLOW_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CROFT_SLOW_BUILD 1
#endif
#endif

namespace croft {
namespace {

class Verify : public DatabaseTest {
 protected:
  void fill(int rows) {
    Ledger ledger = must(Ledger::open(open()));
    // In several groups, as a writer would.
    for (int i = 0; i < rows; i += 5)
      must(ledger.append(sample_rows(i, std::min(5, rows - i)), Repeats::Impossible));
  }
  /// Somebody with all rights.
  Database tamper() {
    Database database = open();
    must(database.script(
        Sql("DROP TRIGGER croft_ledger_no_update; DROP TRIGGER croft_ledger_no_delete",
            "ALTER TABLE croft_ledger DISABLE TRIGGER ALL")));
    return database;
  }
  VerifyReport verify(const VerifyOptions& options = {}) {
    Database database = open({.read_only = true});
    VerifyReport report = must(verify_ledger(database, options));
    // The triggers that tamper() took are not what these tests are about.
    std::erase_if(report.findings, [&](const LedgerFinding& finding) {
      const bool trigger = finding.what.starts_with("the trigger ");
      report.findings_count -= trigger ? 1 : 0;
      return trigger;
    });
    return report;
  }
  static std::string text(const VerifyReport& report) {
    std::string all;
    for (const LedgerFinding& finding : report.findings)
      all += std::string(finding_name(finding.kind)) + " " + std::to_string(finding.seq) + " " +
             finding.id + ";";
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, Verify, both_databases, database_name);

TEST_P(Verify, ASoundLedgerIsSound) {
  fill(0);
  EXPECT_TRUE(verify().is_sound()) << text(verify());
  fill(42);
  const VerifyReport report = verify();
  EXPECT_TRUE(report.is_sound()) << text(report);
  EXPECT_EQ(report.rows, 42);
  EXPECT_EQ(report.head_count, 42);
}

TEST_P(Verify, ChangesAreFoundAndNamed) {
  struct Case {
    Sql change;
    std::string found;
  };
  const std::vector<Case> cases = {
      {"UPDATE croft_ledger SET cloud_cost_nano = cloud_cost_nano + 1 WHERE seq = 7",
       "changed_content 7 req-6;"},
      {"UPDATE croft_ledger SET id = 'other' WHERE seq = 7", "changed_content 7 other;"},
      {"UPDATE croft_ledger SET first_token_us = NULL WHERE seq = 20",
       "changed_content 20 req-19;"},
      {"UPDATE croft_ledger SET version = 2 WHERE seq = 3", "unreadable_row 3 req-2;"},
      {"UPDATE croft_ledger SET hash = content_hash WHERE seq = 7", "changed_hash 7 req-6;"},
      {"UPDATE croft_ledger SET hash = content_hash WHERE seq = 20", "changed_hash 20 req-19;"},
      {"UPDATE croft_ledger SET content_hash = hash WHERE seq = 7", "changed_hash 7 req-6;"},
      {"DELETE FROM croft_ledger WHERE seq = 7", "missing_rows 7 ;"},
      {"DELETE FROM croft_ledger WHERE seq < 4", "missing_rows 1 ;"},
      {"DELETE FROM croft_ledger WHERE seq > 15", "missing_rows 16 ;"},
      {"DELETE FROM croft_ledger", "missing_rows 1 ;"},
      {"UPDATE croft_ledger_head SET count = 19", "wrong_head 19 ;foreign_rows 20 ;"},
      {"UPDATE croft_ledger_head SET count = 21", "missing_rows 21 ;"},
      {Sql("UPDATE croft_ledger_head SET hash = zeroblob(32)",
           "UPDATE croft_ledger_head SET hash = decode(repeat('00', 32), 'hex')"),
       "wrong_head 20 ;"},
      {"DELETE FROM croft_ledger_head", "missing_head 0 ;"},
      // Two that changed places, side by side and far apart.
      {"UPDATE croft_ledger SET seq = 100 WHERE seq = 7; UPDATE croft_ledger SET seq = 7 WHERE "
       "seq = 8; UPDATE croft_ledger SET seq = 8 WHERE seq = 100",
       "moved_row 7 req-7;moved_row 8 req-6;"},
      {"UPDATE croft_ledger SET seq = 100 WHERE seq = 5; UPDATE croft_ledger SET seq = 5 WHERE "
       "seq = 15; UPDATE croft_ledger SET seq = 15 WHERE seq = 100",
       "moved_row 5 req-14;moved_row 15 req-4;"},
  };
  for (const Case& c : cases) {
    SetUp();
    if (GetParam() == DatabaseKind::Sqlite) {
      for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
        std::filesystem::remove(entry);
    }
    fill(20);
    {
      Database database = tamper();
      must(database.script(c.change));
    }
    const std::string found = text(verify());
    if (c.found.starts_with("missing_head"))
      EXPECT_TRUE(found.starts_with(c.found)) << found;
    else
      EXPECT_EQ(found, c.found) << c.change.sqlite();
  }
}

TEST_P(Verify, AWitnessFindsARewrittenLedger) {
  fill(20);
  const VerifyReport then = verify();
  const LedgerWitness witness = must(parse_witness("20:" + hash_text(then.head_hash)));
  EXPECT_TRUE(verify({.witness = witness}).is_sound());
  {
    Ledger ledger = must(Ledger::open(open()));
    must(ledger.append(sample_rows(50, 3), Repeats::Impossible));
  }
  EXPECT_TRUE(verify({.witness = witness}).is_sound());  // it has only grown
  // A forger who may write computes all hashes anew: the chain alone cannot tell.
  {
    Database database = tamper();
    must(database.script("DELETE FROM croft_ledger; DELETE FROM croft_ledger_head"));
    Ledger forged = must(Ledger::open(std::move(database)));
    std::vector<LedgerRow> rows = sample_rows(0, 20);
    rows[3].cloud_cost = Money::known(0);
    must(forged.append(rows, Repeats::Impossible));
  }
  EXPECT_TRUE(verify().is_sound());
  EXPECT_EQ(text(verify({.witness = witness})), "wrong_witness 20 req-19;");
  EXPECT_EQ(text(verify({.witness = LedgerWitness{.count = 30, .hash = {}}})),
            "wrong_witness 30 ;");
  for (const char* bad : {"", "20", "20:", "x:00", "-1:00", "20:00"})
    EXPECT_FALSE(parse_witness(bad)) << bad;
}

TEST_P(Verify, ReportsAreBoundedAndStop) {
  fill(300);
  {
    Database database = tamper();
    must(database.execute("UPDATE croft_ledger SET team = 'red'"));
  }
  const VerifyReport report = verify({.findings_max = 5});
  EXPECT_EQ(report.findings_count, 300U);
  EXPECT_LE(report.findings.size(), 5U);
  Database database = open({.read_only = true});
  const auto stopped =
      verify_ledger(database, {}, [](std::int64_t, std::int64_t) { return false; });
  EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
}

class VerifyFile : public Verify {};
INSTANTIATE_TEST_SUITE_P(Databases, VerifyFile, ::testing::Values(DatabaseKind::Sqlite),
                         database_name);

/// Every stored value that a program of ours could read; empty where it cannot be read.
std::string dump(const std::string& address) {
  auto database = Database::open(address, {.read_only = true});
  if (!database) return {};
  std::string all;
  const auto add = [&](const Row& row) -> Result<void> {
    for (int i = 0; i < row.column_count(); ++i) {
      if (row.is_null(i)) {
        all += "null";
      } else if (const auto number = row.int64(i)) {
        all += std::to_string(*number);
      } else if (const auto text = row.text(i)) {
        all += *text;
      } else {
        const auto bytes = TRY(row.blob(i));
        all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      }
      all += '|';
    }
    return {};
  };
  for (const Sql& sql : {Sql("SELECT * FROM croft_ledger ORDER BY seq"),
                         Sql("SELECT * FROM croft_ledger_head"), Sql("SELECT * FROM croft_schema")})
    if (!database->query(sql, {}, add)) return {};
  return all;
}

TEST_P(VerifyFile, EveryFlippedByteIsFoundOrChangesNothing) {
  fill(6);
  {
    // Small pages and no log: the whole ledger is this one small file.
    Database database = open();
    must(database.script("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM"));
  }
  const std::string good = dump(address_);
  ASSERT_FALSE(good.empty());
  ASSERT_TRUE(verify().is_sound());
  const auto size = static_cast<off_t>(std::filesystem::file_size(address_));
  const int file = ::open(address_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
#ifdef CROFT_SLOW_BUILD
  constexpr off_t step = 13;
#else
  constexpr off_t step = 1;
#endif
  int found = 0, irrelevant = 0;
  for (off_t at = 0; at < size; at += step) {
    unsigned char byte = 0;
    ASSERT_EQ(::pread(file, &byte, 1, at), 1);
    const unsigned char flipped = byte ^ static_cast<unsigned char>(1U << (at % 8));
    ASSERT_EQ(::pwrite(file, &flipped, 1, at), 1);
    bool seen = true;
    if (auto database = Database::open(address_, {.read_only = true})) {
      const auto report = verify_ledger(*database);
      seen = !report || !report->is_sound();
    }
    if (seen) {
      ++found;
    } else {
      ++irrelevant;
      EXPECT_EQ(dump(address_), good) << "byte " << at << " of " << size;
    }
    ASSERT_EQ(::pwrite(file, &byte, 1, at), 1);
  }
  ::close(file);
  // Free space between a page's cells, counters that nothing reads.
  std::printf("[          ] %d flips found, %d without effect, %ld bytes\n", found, irrelevant,
              static_cast<long>(size));
  EXPECT_GT(found * 3, size / step);
  EXPECT_TRUE(verify().is_sound());
}

}  // namespace
}  // namespace croft
