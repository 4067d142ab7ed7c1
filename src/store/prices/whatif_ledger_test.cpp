// Goal: a projection takes from the ledger what is known there and counts what is not; a
// reservation's real cost is found by its name.
// Method: a SQLite ledger with rows of every kind.
#include "store/prices/whatif_ledger.h"

#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "store/access/known_cost.h"

namespace croft {
namespace {

LedgerRow row(const std::string& id, std::string_view provider, std::optional<std::int64_t> prompt,
              std::optional<std::int64_t> cached, std::optional<std::int64_t> answer) {
  LedgerRow made;
  made.id = id;
  made.time_us = 1'800'000'000'000'000;
  made.provider = provider;
  made.outcome = "ok";
  made.prompt_tokens = prompt;
  made.cached_tokens = cached;
  made.completion_tokens = answer;
  made.currency = "USD";
  return made;
}

TEST(WhatifLedger, CountsWhatIsKnown) {
  const TestFolder folder;
  const std::string path = (folder / "croft.db").string();
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  auto ledger = Ledger::open(std::move(*database));
  ASSERT_TRUE(ledger);
  std::vector<LedgerRow> rows = {row("a", "openai", 1000, 400, 100),
                                 row("b", "local", 1000, 900, 100),  // our cache, not the cloud's
                                 row("c", "openai", std::nullopt, std::nullopt, std::nullopt),
                                 row("d", "openai", 5, 6, 1)};  // contradicts itself
  rows[0].reservation = "rsv-1";
  rows[0].cloud_cost = Money::known(123);
  rows[2].reservation = "rsv-2";
  rows[2].cloud_cost = Money::unknown();
  ASSERT_TRUE(ledger->append(rows, Repeats::Impossible));
  const auto found =
      read_whatif_ledger(*ledger, {}, PriceList::built_in(), "openai", "gpt-4o-mini", {});
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->uncounted, 2U);
  EXPECT_EQ(found->work.requests, 2U);
  EXPECT_EQ(found->work.tokens, (BilledTokens{1600, 400, 0, 200}));
  EXPECT_EQ(found->work.cloud_nano, 1600 * 150 + 400 * 75 + 200 * 600);

  const auto known =
      known_cost_from_ledger(std::make_shared<Database>(std::move(*Database::open(path))));
  EXPECT_EQ(*known({.id = "rsv-1", .currency = "USD"}), 123);
  EXPECT_EQ(*known({.id = "rsv-1", .currency = "EUR"}), std::nullopt);
  EXPECT_EQ(*known({.id = "rsv-2", .currency = "USD"}), std::nullopt);
  const auto none = known_cost_from_ledger(
      std::make_shared<Database>(std::move(*Database::open((folder / "other.db").string()))));
  EXPECT_EQ(*none({.id = "rsv-1", .currency = "USD"}), std::nullopt);
}

}  // namespace
}  // namespace croft
