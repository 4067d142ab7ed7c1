// Goal: /v1/usage says what the ledger says, to each what it may see, and nothing of a wrong query
// is ignored. Method: ledgers of known rows in SQLite; queries as clients send them.
#include "server/accounting/usage_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "store/ledger/test_rows.h"
#include "store/test_files.h"

namespace croft {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t now = 1'780'000'000'000'000 + 86'400'000'000;

Result<json::object> answer(UsageReader& reader, UsageQuestion question) {
  std::promise<Result<json::object>> promise;
  auto future = promise.get_future();
  reader.ask(std::move(question),
             [&](Result<json::object> usage) { promise.set_value(std::move(usage)); });
  return future.get();
}

TEST(UsageQuery, ReadsWhatItKnowsAndRefusesTheRest) {
  const UsageQuestion all = must(read_usage_query("", now));
  EXPECT_EQ(all.range.since_us, now - 30 * 86'400'000'000LL);
  EXPECT_TRUE(all.groupings.empty());
  const UsageQuestion asked =
      must(read_usage_query("since=2026-01-31T00%3A00Z&by=day,model&by=key&until=1h", now));
  EXPECT_EQ(asked.range.since_us, 1'769'817'600'000'000);
  EXPECT_EQ(asked.range.until_us, now - 3'600'000'000);
  EXPECT_EQ(asked.groupings.size(), 3u);
  EXPECT_EQ(read_usage_query("sinc=7d", now).error().field, "sinc");
  EXPECT_EQ(read_usage_query("until=soon", now).error().field, "until");
  EXPECT_EQ(read_usage_query("by=colour", now).error().field, "by");
  EXPECT_FALSE(read_usage_query(std::string(100'000, '&') + "x", now));
}

class UsageReaderTest : public ::testing::Test {
 protected:
  TestFolder folder_;
  std::string path_ = folder_ / "croft.db";
};

TEST_F(UsageReaderTest, AddsUpForEverybodyForAKeyAndForATeam) {
  {
    Ledger ledger = must(Ledger::open(must(Database::open(path_))));
    std::vector<LedgerRow> rows = sample_rows(0, 50);
    rows[3].team = "red";
    must(ledger.append(rows, Repeats::Impossible));
  }
  UsageReader reader(path_);
  const UsageQuestion all = must(read_usage_query("since=2000-01-01&by=key", now));
  const json::object usage = must(answer(reader, all));
  EXPECT_EQ(usage.at("requests").to_number<int>(), 50);
  EXPECT_EQ(usage.at("by").at("key").as_array().size(), 5u);
  UsageQuestion one = all;
  one.key_id = "key-2";
  EXPECT_EQ(must(answer(reader, one)).at("requests").to_number<int>(), 10);
  UsageQuestion team = all;
  team.team_id = "red";
  EXPECT_EQ(must(answer(reader, team)).at("requests").to_number<int>(), 1);
}

TEST_F(UsageReaderTest, NoRowsYetIsNothingUsed) {
  must(Database::open(path_));
  UsageReader reader(path_);
  EXPECT_EQ(must(answer(reader, {})).at("requests").to_number<int>(), 0);
}

TEST_F(UsageReaderTest, ADatabaseThatIsAwayIsSaid) {
  UsageReader reader("postgres://nobody@127.0.0.1:1/none");
  EXPECT_FALSE(answer(reader, {}));
}

TEST_F(UsageReaderTest, TooManyAreToldToWaitAndTheEndForgetsNobody) {
  std::atomic<int> told{0};
  {
    UsageReader reader(path_);
    for (int i = 0; i < 50; ++i) reader.ask({}, [&](const Result<json::object>&) { ++told; });
    reader.close();
    reader.ask({}, [&](const Result<json::object>& usage) {
      ++told;
      EXPECT_EQ(usage.error().code, ErrorCode::Cancelled);
    });
  }
  EXPECT_EQ(told, 51);
}

}  // namespace
}  // namespace croft
