// Goal: no budget is ever exceeded and no nano-unit is lost or counted twice: by many threads, by
// several servers, over windows, clocks that jump, a database that goes away, and kill -9.
// Method: the same tests on SQLite and PostgreSQL; sums of all reservations against the accounts.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <random>
#include <thread>

#include "store/access/access_store.h"
#include "store/access/budget_book.h"
#include "store/access/budget_keeper.h"
#include "store/database/test_databases.h"

namespace croft {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;
constexpr UtcMicros second = micros_per_second;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
}

class BudgetTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    database_.emplace(open());
    store_.emplace(must(AccessStore::open(*database_)));
  }
  void TearDown() override { check_sums(); }

  std::string key(std::optional<std::int64_t> budget, const std::string& team = {},
                  const char* duration = nullptr) {
    AccessChanges what{.alias = "key " + std::to_string(++made_), .max_budget = {budget}};
    if (!team.empty()) what.team = team;
    if (duration != nullptr) what.budget_duration = *parse_budget_period(duration);
    return must(store_->create_key(what)).record.id;
  }
  std::string team(std::int64_t budget) {
    return must(store_->create_team(
                    {.alias = "team " + std::to_string(++made_), .max_budget = {budget}}))
        .id;
  }
  static Reservation order(const std::string& key, std::int64_t amount,
                           const std::string& team = {}) {
    return {.id = BudgetKeeper::new_reservation_id(),
            .request = "req",
            .key_owner = key,
            .team_owner = team,
            .amount = amount,
            .currency = "USD"};
  }
  static Result<void> one(BudgetBook& book, BudgetDeed deed, const Reservation& reservation,
                          std::int64_t actual, UtcMicros now) {
    const BudgetOrder what{deed, reservation, actual};
    return must(book.apply({&what, 1}, now)).front();
  }
  BudgetState state(const std::string& owner) { return must(store_->budget(owner)); }

  /// What the accounts say is what the reservations add up to.
  void check_sums() {
    if (!database_) return;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums;  // reserved, spent
    must(
        database_->query("SELECT key_owner, team_owner, amount, state, actual"
                         " FROM croft_reservation",
                         {}, [&](const Row& row) -> Result<void> {
                           for (const int column : {0, 1}) {
                             if (row.is_null(column)) continue;
                             auto& sum = sums[std::string(*row.text(column))];
                             if (*row.text(3) == "open")
                               sum.first += *row.int64(2);
                             else
                               sum.second += *row.int64(4);
                           }
                           return {};
                         }));
    for (const auto& [owner, sum] : sums) {
      EXPECT_EQ(state(owner).reserved, sum.first) << owner;
      EXPECT_EQ(state(owner).spent_ever, sum.second) << owner;
    }
  }

  std::optional<Database> database_;
  std::optional<AccessStore> store_;
  int made_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Databases, BudgetTest, both_databases, database_name);

TEST_P(BudgetTest, ReserveSettleRelease) {
  BudgetBook book(*database_, "s");
  const std::string mine = key(100);
  const Reservation a = order(mine, 60), b = order(mine, 40), c = order(mine, 1);
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, a, 0, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, b, 0, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, b, 0, 0));  // asked twice, reserved once
  const auto refused = one(book, BudgetDeed::Reserve, c, 0, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Busy);
  EXPECT_EQ(refused.error().retry_after_seconds, 2);  // others will give back
  EXPECT_EQ(state(mine).reserved, 100);
  EXPECT_TRUE(one(book, BudgetDeed::Settle, a, 25, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Settle, a, 25, 0));
  EXPECT_FALSE(one(book, BudgetDeed::Settle, a, 26, 0));
  EXPECT_FALSE(one(book, BudgetDeed::Release, a, 0, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Release, b, 0, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Release, b, 0, 0));
  EXPECT_FALSE(one(book, BudgetDeed::Settle, b, 5, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Release, order(mine, 9), 0, 0));  // never was
  EXPECT_EQ(state(mine).reserved, 0);
  EXPECT_EQ(state(mine).spent, 25);
  EXPECT_FALSE(one(book, BudgetDeed::Reserve, a, 0, 0));  // an ended one does not come back
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, order(mine, 75), 0, 0));
  const auto never = one(book, BudgetDeed::Reserve, order(mine, 101), 0, 0);
  EXPECT_EQ(never.error().retry_after_seconds, 3600);
  EXPECT_THAT(never.error().message, HasSubstr("0.000000101 USD"));
}

TEST_P(BudgetTest, LimitsOfKeyAndTeamBothHold) {
  BudgetBook book(*database_, "s");
  const std::string group = team(100);
  const std::string one_key = key(80, group), other = key(80, group);
  const Reservation a = order(one_key, 70, group);
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, a, 0, 0));
  const auto refused = one(book, BudgetDeed::Reserve, order(other, 40, group), 0, 0);
  EXPECT_THAT(refused.error().message, HasSubstr("the team's budget"));
  EXPECT_EQ(state(other).reserved, 0);  // a refusal leaves nothing behind
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, order(other, 30, group), 0, 0));
  EXPECT_TRUE(one(book, BudgetDeed::Settle, a, 70, 0));
  EXPECT_EQ(state(group).spent, 70);
  EXPECT_EQ(state(group).reserved, 30);
}

TEST_P(BudgetTest, ABudgetInAnotherCurrencyIsNotCompared) {
  BudgetBook book(*database_, "s");
  Reservation euros = order(key(100), 1);
  euros.currency = "EUR";
  EXPECT_EQ(one(book, BudgetDeed::Reserve, euros, 0, 0).error().code, ErrorCode::Forbidden);
}

TEST_P(BudgetTest, HugeAmountsAreRefusedNotWrapped) {
  BudgetBook book(*database_, "s");
  const std::string mine = key(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(
      one(book, BudgetDeed::Reserve, order(mine, std::numeric_limits<std::int64_t>::max()), 0, 0));
  EXPECT_FALSE(one(book, BudgetDeed::Reserve, order(mine, 1), 0, 0));
}

TEST_P(BudgetTest, AWindowBeginsAgainAndWhatIsReservedStays) {
  BudgetBook book(*database_, "s");
  const std::string mine = key(100, {}, "1h");
  const UtcMicros start = 1'000'000 * second;
  const Reservation open = order(mine, 30);
  const Reservation spent = order(mine, 70);
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, open, 0, start));
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, spent, 0, start));
  EXPECT_TRUE(one(book, BudgetDeed::Settle, spent, 70, start));
  const auto refused = one(book, BudgetDeed::Reserve, order(mine, 40), 0, start + 100 * second);
  EXPECT_EQ(refused.error().retry_after_seconds, 3501);
  // The clock jumps back, and forth again: nothing is given away.
  EXPECT_FALSE(one(book, BudgetDeed::Reserve, order(mine, 40), 0, start - 1800 * second));
  EXPECT_FALSE(one(book, BudgetDeed::Reserve, order(mine, 40), 0, start + 3599 * second));
  EXPECT_TRUE(one(book, BudgetDeed::Reserve, order(mine, 70), 0, start + 3600 * second));
  EXPECT_EQ(state(mine).reserved, 100);  // of both windows
  EXPECT_EQ(state(mine).spent, 0);
  EXPECT_TRUE(one(book, BudgetDeed::Settle, open, 20, start + 3601 * second));
  EXPECT_EQ(state(mine).spent, 20);
  EXPECT_EQ(state(mine).spent_ever, 90);
}

TEST_P(BudgetTest, TheDeadAreChargedTheirWorstCaseAndMayStillPutItRight) {
  BudgetBook dead(*database_, "dead"), alive(*database_, "alive");
  const std::string mine = key(1000);
  std::vector<Reservation> left;
  for (int i = 0; i < 5; ++i) {
    left.push_back(order(mine, 100));
    EXPECT_TRUE(one(dead, BudgetDeed::Reserve, left.back(), 0, 0));
  }
  must(dead.renew_lease(10 * second));
  must(alive.renew_lease(100 * second));
  EXPECT_TRUE(one(alive, BudgetDeed::Reserve, order(mine, 1), 0, 0));
  EXPECT_EQ(must(alive.repair(10 * second)).settled, 0U);  // its lease is not over
  const auto known = [&](const Reservation& each) -> Result<std::optional<std::int64_t>> {
    return each.id == left[4].id ? std::optional<std::int64_t>(7) : std::nullopt;
  };
  const BudgetRepair repaired = must(alive.repair(10 * second + 1, known));
  EXPECT_EQ(repaired.settled, 4U);
  EXPECT_EQ(repaired.known, 1U);
  EXPECT_EQ(repaired.charged_nano, 407);
  EXPECT_EQ(state(mine).spent, 407);
  EXPECT_EQ(state(mine).reserved, 1);
  EXPECT_EQ(must(alive.repair(10 * second + 2)).settled, 0U);
  // It was not dead but stopped, and says now what it cost.
  EXPECT_TRUE(one(dead, BudgetDeed::Settle, left[0], 30, 20 * second));
  EXPECT_EQ(state(mine).spent, 337);
  EXPECT_TRUE(one(dead, BudgetDeed::Release, left[1], 0, 20 * second));
  EXPECT_EQ(state(mine).spent, 237);
  EXPECT_TRUE(one(dead, BudgetDeed::Settle, left[0], 30, 20 * second));
  EXPECT_EQ(state(mine).spent, 237);
}

TEST_P(BudgetTest, A5_SixtyFourThreadsOnTheLastCent) {
  const std::string group = team(5000);
  std::vector<std::string> keys;
  for (int i = 0; i < 4; ++i) keys.push_back(key(2000, group));
  // Two servers on one database.
  auto first = must(BudgetKeeper::start(open()));
  auto other = must(BudgetKeeper::start(open()));
  std::atomic<std::int64_t> charged{0}, granted{0}, refused{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 64; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      BudgetKeeper& keeper = t % 2 == 0 ? *first : *other;
      for (int i = 0; i < 12; ++i) {
        const auto amount = static_cast<std::int64_t>(1 + random() % 60);
        const Reservation mine = order(keys[random() % keys.size()], amount, group);
        std::latch told(1);
        bool sound = false;
        keeper.reserve(mine, [&](const Result<void>& result) {
          sound = result.has_value();
          if (!sound && result.error().code != ErrorCode::Busy) over = true;
          told.count_down();
        });
        told.wait();
        if (!sound) {
          ++refused;
          continue;
        }
        ++granted;
        if (random() % 5 == 0) {
          keeper.release(mine);
        } else {
          const auto actual =
              static_cast<std::int64_t>(random() % static_cast<unsigned>(amount + 1));
          charged += actual;
          keeper.settle(mine, actual);
        }
      }
    });
  }
  std::thread watcher([&] {
    Database mine = open();
    for (int i = 0; i < 200; ++i) {
      const auto sum =
          mine.query_int64("SELECT spent + reserved FROM croft_budget WHERE owner = ?1", {group});
      if (sum && sum->value_or(0) > 5000) over = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  for (std::thread& thread : threads) thread.join();
  watcher.join();
  EXPECT_TRUE(first->flush(minutes(3)));
  EXPECT_TRUE(other->flush(minutes(3)));
  EXPECT_FALSE(over);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(granted + refused, 64 * 12);
  EXPECT_EQ(state(group).reserved, 0);
  EXPECT_EQ(state(group).spent, charged);
  EXPECT_LE(state(group).spent, 5000);
  std::int64_t of_keys = 0;
  for (const std::string& each : keys) {
    EXPECT_LE(state(each).spent, 2000);
    of_keys += state(each).spent;
  }
  EXPECT_EQ(of_keys, charged);
  const BudgetHealth health = first->health();
  EXPECT_FALSE(health.failing) << health.why;
  // Grouped: fewer transactions than orders.
  EXPECT_LT(health.groups, health.reserved + health.refused + health.settled + health.released);
}

/// A server's child: reserves and settles as fast as it can, and writes what it was told into
/// `pipe`, one fixed record a fact. Never returns.
struct Told {
  char deed = 0;  // 'r' reserved, 's' settled
  char id[40] = {};
  std::int64_t amount = 0;
};

[[noreturn]] void work_until_killed(const std::string& address, const std::string& key,
                                    unsigned seed, int pipe) {
  auto database = Database::open(address);
  if (!database) ::_exit(3);
  auto keeper = BudgetKeeper::start(std::move(*database));
  if (!keeper) ::_exit(4);
  const auto tell = [&](char deed, const std::string& id, std::int64_t amount) {
    Told told{.deed = deed, .amount = amount};
    id.copy(told.id, sizeof told.id - 1);
    if (::write(pipe, &told, sizeof told) != sizeof told) ::_exit(5);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(seed * 16 + t);
      for (;;) {
        Reservation mine{.id = BudgetKeeper::new_reservation_id(),
                         .request = "req",
                         .key_owner = key,
                         .team_owner = {},
                         .amount = static_cast<std::int64_t>(1 + random() % 1000),
                         .currency = "USD"};
        std::latch told(1);
        bool sound = false;
        (*keeper)->reserve(mine, [&](const Result<void>& result) {
          sound = result.has_value();
          told.count_down();
        });
        told.wait();
        if (!sound) continue;
        tell('r', mine.id, mine.amount);
        (*keeper)->settle(mine, mine.amount / 3);
      }
    });
  for (std::thread& thread : threads) thread.join();
  ::_exit(6);
}

TEST_P(BudgetTest, KilledFiftyTimesNothingIsLostOrSpentTwice) {
  const std::string mine = key(std::numeric_limits<std::int64_t>::max());
  std::map<std::string, std::int64_t> reserved;
  std::mt19937 random(5);
  for (unsigned round = 0; round < 50; ++round) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      work_until_killed(address_, mine, round, ends[1]);
    }
    ::close(ends[1]);
    Told told;
    // Kill it in mid-work: after some facts, and some microseconds more.
    for (auto facts = random() % 30; facts > 0; --facts) {
      if (::read(ends[0], &told, sizeof told) != sizeof told) break;
      reserved[told.id] = told.amount;
    }
    ::usleep(static_cast<useconds_t>(random() % 5000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    while (::read(ends[0], &told, sizeof told) == sizeof told) reserved[told.id] = told.amount;
    ::close(ends[0]);
  }
  // The next start repairs at once: the dead are known to be dead on this machine.
  auto keeper = must(BudgetKeeper::start(open()));
  EXPECT_EQ(state(mine).reserved, 0);
  std::int64_t spent = 0;
  std::size_t found = 0, rows = 0;
  must(database_->query("SELECT id, amount, actual, state FROM croft_reservation", {},
                        [&](const Row& row) -> Result<void> {
                          const std::string id(*row.text(0));
                          const std::int64_t amount = *row.int64(1), actual = *row.int64(2);
                          ++rows;
                          spent += actual;
                          if (const auto told_of = reserved.find(id); told_of != reserved.end()) {
                            ++found;
                            EXPECT_EQ(told_of->second, amount);
                          }
                          // Settled at what was said, or charged at the worst case.
                          EXPECT_EQ(actual, *row.text(3) == "settled" ? amount / 3 : amount);
                          return {};
                        }));
  EXPECT_EQ(found, reserved.size());  // no reservation that a request was told of is lost
  EXPECT_GT(reserved.size(), 100U);
  EXPECT_GE(rows, found);
  EXPECT_EQ(state(mine).spent, spent);
  EXPECT_EQ(must(database_->query_int64("SELECT count(*) FROM croft_budget_server")).value(), 1);
}

TEST_P(BudgetTest, AReadOnlyDatabaseIsSaidAtTheStart) {
  const std::string mine = key(100);
  const auto keeper = BudgetKeeper::start(open({.read_only = true}));
  ASSERT_FALSE(keeper);
  EXPECT_THAT(keeper.error().to_string(), HasSubstr("read-only"));
  EXPECT_EQ(state(mine).spent, 0);
}

TEST_P(BudgetTest, AFullDiskRefusesAndKeepsWhatWasPromised) {
  if (is_postgres()) GTEST_SKIP() << "PostgreSQL's files are not ours to limit";
  const std::string mine = key(1'000'000);
  Database limited = open();
  must(limited.script("PRAGMA max_page_count = 1"));  // no page more than there are
  auto keeper = must(BudgetKeeper::start(std::move(limited)));
  std::int64_t granted = 0;
  Error refusal;
  for (bool sound = true; sound && granted < 5000;) {
    std::latch told(1);
    keeper->reserve(order(mine, 1), [&](const Result<void>& result) {
      sound = result.has_value();
      if (!sound) refusal = result.error();
      told.count_down();
    });
    told.wait();
    if (sound) ++granted;
  }
  EXPECT_EQ(refusal.code, ErrorCode::Unavailable);
  EXPECT_GT(refusal.retry_after_seconds, 0);
  EXPECT_THAT(refusal.hint, HasSubstr("full"));
  EXPECT_EQ(state(mine).reserved, granted);
  keeper.reset();
  keeper = must(BudgetKeeper::start(open()));  // there is room again
  keeper->reserve(order(mine, 7), [](const Result<void>& result) { EXPECT_TRUE(result); });
  EXPECT_TRUE(keeper->flush(minutes(3)));
  EXPECT_EQ(state(mine).reserved, 7);
  EXPECT_EQ(state(mine).spent, granted);
}

TEST_P(BudgetTest, SettlementsOutliveADatabaseThatGoesAway) {
  if (!is_postgres()) GTEST_SKIP() << "SQLite does not go away";
  const std::string mine = key(1000);
  auto keeper = must(BudgetKeeper::start(open()));
  const Reservation mine_first = order(mine, 100);
  keeper->reserve(mine_first, [](const Result<void>& result) { EXPECT_TRUE(result); });
  ASSERT_TRUE(keeper->flush(minutes(3)));
  postgres().stop(SIGQUIT);
  keeper->settle(mine_first, 40);
  std::latch told(1);
  keeper->reserve(order(mine, 1), [&](const Result<void>& result) {
    EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
    told.count_down();
  });
  told.wait();
  EXPECT_TRUE(keeper->health().failing);
  postgres().start();
  ASSERT_TRUE(keeper->flush(minutes(3)));
  EXPECT_FALSE(keeper->health().failing);
  keeper.reset();
  database_.emplace(open());
  store_.emplace(must(AccessStore::open(*database_)));
  EXPECT_EQ(state(mine).spent, 40);
  EXPECT_EQ(state(mine).reserved, 0);
}

}  // namespace
}  // namespace croft
