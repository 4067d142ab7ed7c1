// Goal: rates are exact to the request and the nanosecond, clocks that jump lock nobody out, and a
// request passes every check of its key and its team in their order.
// Method: a clock that the test sets; keys and budgets in a SQLite file.
#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "io/test_folder.h"
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/limits/access_control.h"
#include "server/limits/rate_bucket.h"
#include "server/limits/rate_limits.h"
#include "server/limits/route_rights.h"
#include "store/access/access_watch.h"
#include "store/database/database.h"

namespace croft {
namespace {

using testing::Contains;
using testing::HasSubstr;
using namespace std::chrono_literals;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}

LimitTime at(std::chrono::nanoseconds time) {
  return LimitTime() + std::chrono::hours(1) + time;
}

TEST(RateBucket, AMinutesWorthAtOnceThenEvenly) {
  RateBucket bucket(60, at(0s));
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(bucket.has(1, at(0s)));
    bucket.take(1, at(0s));
  }
  EXPECT_FALSE(bucket.has(1, at(0s)));
  EXPECT_EQ(bucket.wait_for(1, at(0s)), 1s);
  EXPECT_FALSE(bucket.has(1, at(1s - 1ns)));
  EXPECT_EQ(bucket.wait_for(1, at(1s - 1ns)), 1ns);
  EXPECT_TRUE(bucket.has(1, at(1s)));
  EXPECT_EQ(bucket.reset_after(at(1s)), 59s);
  EXPECT_EQ(bucket.remaining(at(30s)), 30);
  EXPECT_EQ(bucket.remaining(at(2h)), 60);
}

TEST(RateBucket, ManySmallStepsFillLikeOneLargeOne) {
  RateBucket steps(7, at(0s)), once(7, at(0s));
  for (RateBucket* each : {&steps, &once}) each->take(7, at(0s));
  for (std::int64_t i = 1; i <= 60'000; ++i)
    static_cast<void>(steps.remaining(at(std::chrono::nanoseconds(i * 142'857))));
  const auto end = std::chrono::nanoseconds(60'000LL * 142'857);
  EXPECT_EQ(steps.wait_for(7, at(end)), once.wait_for(7, at(end)));
}

TEST(RateBucket, OverAnyLongTimeNoMoreThanTheLimitPasses) {
  RateBucket bucket(10, at(0s));
  int passed = 0;
  for (int millisecond = 0; millisecond < 600'000; millisecond += 7) {
    const LimitTime now = at(std::chrono::milliseconds(millisecond));
    if (!bucket.has(1, now)) continue;
    bucket.take(1, now);
    ++passed;
  }
  EXPECT_EQ(passed, 10 + 99);  // the burst, then one each 6 s
}

TEST(RateBucket, WhatIsLargerThanTheLimitPassesWhenFullAndIsOwed) {
  RateBucket bucket(100, at(0s));
  EXPECT_TRUE(bucket.has(250, at(0s)));
  bucket.take(250, at(0s));
  EXPECT_EQ(bucket.remaining(at(0s)), 0);
  EXPECT_EQ(bucket.wait_for(1, at(0s)), 90s + 600ms);
  bucket.take(-250, at(0s));
  EXPECT_EQ(bucket.remaining(at(0s)), 100);
  bucket.take(-50, at(0s));  // never above full
  EXPECT_EQ(bucket.remaining(at(0s)), 100);
}

TEST(RateBucket, ATimeBeforeTheLastOneTakesNothingAway) {
  RateBucket bucket(60, at(100s));
  bucket.take(60, at(100s));
  EXPECT_EQ(bucket.remaining(at(50s)), 0);
  EXPECT_EQ(bucket.remaining(at(101s)), 1);
  RateBucket large(1'000'000'000'000, at(0s));
  large.take(1'000'000'000'000, at(0s));
  EXPECT_EQ(large.remaining(LimitTime() + std::chrono::hours(24 * 365 * 100)), 1'000'000'000'000);
  large.take(std::numeric_limits<std::int64_t>::max() / 4, at(876'000h));
  EXPECT_GT(large.wait_for(1, at(876'000h)), 0s);
}

TEST(RateLimits, ResetTimesAreWrittenAsOpenAiDoes) {
  EXPECT_EQ(reset_text(0ns), "0ms");
  EXPECT_EQ(reset_text(1ns), "1ms");
  EXPECT_EQ(reset_text(20ms), "20ms");
  EXPECT_EQ(reset_text(1s), "1s");
  EXPECT_EQ(reset_text(6min), "6m0s");
  EXPECT_EQ(reset_text(1h + 2min + 3s), "1h2m3s");
}

TEST(RateLimits, TheHeadersAreThoseOfWhoHasLeastLeft) {
  RateLimits limits;
  const std::vector<LimitedOwner> owners = {
      {"key-1", "the key", {.models = {}, .rpm_limit = 100}},
      {"team-1", "the team", {.models = {}, .rpm_limit = 20, .tpm_limit = 1000}}};
  EXPECT_TRUE(limits.begin(owners, at(0s)));
  EXPECT_TRUE(limits.take_tokens(owners, 250, at(0s)));
  std::map<std::string, std::string> told;
  for (const HttpHeader& header : limits.headers(owners, at(0s))) told[header.name] = header.value;
  EXPECT_EQ(told["x-ratelimit-limit-requests"], "20");
  EXPECT_EQ(told["x-ratelimit-remaining-requests"], "19");
  EXPECT_EQ(told["x-ratelimit-reset-requests"], "3s");
  EXPECT_EQ(told["x-ratelimit-limit-tokens"], "1000");
  EXPECT_EQ(told["x-ratelimit-remaining-tokens"], "750");
  EXPECT_EQ(told["x-ratelimit-reset-tokens"], "15s");
  EXPECT_TRUE(limits.headers({}, at(0s)).empty());
  limits.end(owners);
  limits.forget_idle(at(1s));
  EXPECT_EQ(limits.size(), 0U);
}

TEST(RateLimits, ARefusalTakesFromNobody) {
  RateLimits limits;
  const LimitedOwner key{"key-1", "the key", {.models = {}, .rpm_limit = 100, .tpm_limit = 100}};
  const LimitedOwner team{
      "team-1", "the team", {.models = {}, .tpm_limit = 50, .max_parallel_requests = 1}};
  EXPECT_TRUE(limits.begin({key, team}, at(0s)));
  const auto refused = limits.begin({key, team}, at(0s));
  EXPECT_EQ(refused.error().field, "max_parallel_requests");
  limits.end({key, team});
  EXPECT_TRUE(limits.begin({key, team}, at(0s)));
  EXPECT_TRUE(limits.take_tokens({key, team}, 40, at(0s)));
  EXPECT_EQ(limits.take_tokens({key, team}, 20, at(0s)).error().field, "tpm_limit");
  const auto headers = limits.headers({key}, at(0s));
  EXPECT_EQ(headers.at(1).value, "98");
  EXPECT_EQ(headers.at(4).value, "60");
}

TEST(RouteRights, A6_EveryRouteHasOne) {
  for (const RouteFields& route : all_routes())
    EXPECT_TRUE(right_for(route.method, route.path)) << route.method << " " << route.path;
  EXPECT_FALSE(right_for("POST", "/v1/new-route"));
  EXPECT_FALSE(check_role(KeyRole::Admin, "POST", "/v1/new-route"));
}

TEST(RouteRights, RolesGrowIntoOneAnother) {
  const KeyRole up[] = {KeyRole::Viewer, KeyRole::User, KeyRole::Operator, KeyRole::Admin};
  for (const RouteFields& route : all_routes()) {
    bool before = false;
    for (const KeyRole role : up) {
      const bool may = check_role(role, route.method, route.path).has_value();
      EXPECT_TRUE(may || !before) << route.path;
      before = may;
    }
    EXPECT_TRUE(before) << route.path;  // an admin may call everything
  }
  EXPECT_FALSE(check_role(KeyRole::Viewer, "POST", "/v1/chat/completions"));
  EXPECT_TRUE(check_role(KeyRole::Viewer, "HEAD", "/v1/models"));
  EXPECT_THAT(check_role(KeyRole::User, "POST", "/models/unload").error().to_string(),
              HasSubstr("operator"));
}

class AccessControlTest : public testing::Test {
 protected:
  void SetUp() override {
    database_.emplace(must(Database::open((folder_ / "croft.db").string())));
    store_.emplace(must(AccessStore::open(*database_)));
    keeper_ = must(BudgetKeeper::start(must(Database::open((folder_ / "croft.db").string()))));
  }
  std::string key(AccessChanges what) {
    what.alias = "key " + std::to_string(++made_);
    NewKey made = must(store_->create_key(what));
    last_id_ = made.record.id;
    return made.key;
  }
  AccessControl& control() {
    if (!control_)
      control_.emplace(AccessControl::Options{.file_keys = {},
                                              .keeper = keeper_,
                                              .clock = [this] { return now_; },
                                              .wall_clock = [this] { return wall_; }});
    control_->set_directory(must(AccessDirectory::load(*store_)));
    return *control_;
  }
  static AccessFacts facts(std::string_view key, std::string_view route = "/v1/chat/completions") {
    return {.presented_key = key, .method = "POST", .route = route, .request_id = "req_1"};
  }
  /// Waits for the answer.
  static Result<BudgetHold> reserve(const AccessTicket& ticket, const Result<CandidatePrice>& price,
                                    std::uint64_t prompt, std::uint64_t answer) {
    std::latch told(1);
    Result<BudgetHold> answered = fail(ErrorCode::Internal, "not called");
    ticket.reserve(price, prompt, answer, [&](Result<BudgetHold> result) {
      answered = std::move(result);
      told.count_down();
    });
    told.wait();
    return answered;
  }
  static CandidatePrice price() {
    return {.rates = {.input = 1'000'000, .output = 2'000'000, .currency = "USD"},
            .version = "test"};  // one and two nano-units a token
  }

  TestFolder folder_;
  std::optional<Database> database_;
  std::optional<AccessStore> store_;
  std::shared_ptr<BudgetKeeper> keeper_;
  std::optional<AccessControl> control_;
  LimitTime now_ = at(0s);
  UtcMicros wall_ = 1'800'000'000 * micros_per_second;
  std::string last_id_;
  int made_ = 0;
};

TEST_F(AccessControlTest, WhoHasNoKeyOfOursHearsNothing) {
  const std::string mine = key({});
  EXPECT_EQ(control().admit(facts("")).error().code, ErrorCode::Unauthorized);
  EXPECT_EQ(control().admit(facts("sk-croft-wrong")).error().code, ErrorCode::Unauthorized);
  EXPECT_EQ(control().admit(facts(mine.substr(0, mine.size() - 1))).error().code,
            ErrorCode::Unauthorized);
  EXPECT_EQ(control().admit(facts(std::string(100'000, 'k'))).error().code,
            ErrorCode::Unauthorized);
  const auto ticket = must(control().admit(facts(mine)));
  EXPECT_EQ(ticket->key_id(), last_id_);
  EXPECT_TRUE(ticket->headers().empty());
  AccessFacts open = facts("");
  open.key_needed = false;
  EXPECT_EQ(must(control().admit(open))->key_id(), "");
  // Libraries send some key because they want one; one that we made and took back is no such.
  AccessFacts some = facts("sk-none");
  some.key_needed = false;
  EXPECT_TRUE(control().admit(some));
  AccessFacts old = facts("sk-croft-deleted");
  old.key_needed = false;
  EXPECT_EQ(control().admit(old).error().code, ErrorCode::Unauthorized);
}

TEST_F(AccessControlTest, WhoIsRefusedIsKnownWhereTheKeyIs) {
  const TeamRecord team = must(store_->create_team({.alias = "t"}));
  const std::string mine = key({.team = team.id, .blocked = true});
  std::shared_ptr<AccessTicket> ticket;
  EXPECT_FALSE(control().admit(facts(mine), ticket));
  ASSERT_NE(ticket, nullptr);
  EXPECT_EQ(ticket->key_id(), last_id_);
  EXPECT_EQ(ticket->team_id(), team.id);
  EXPECT_EQ(ticket->tenant(), "t");
  EXPECT_FALSE(control().admit(facts("sk-croft-x"), ticket));
  ASSERT_NE(ticket, nullptr);
  EXPECT_EQ(ticket->key_id(), "");
}

TEST_F(AccessControlTest, WhatNoRouteTakesIsForOthersToSay) {
  const std::string mine = key({});
  AccessFacts none = facts(mine, "");
  EXPECT_TRUE(control().admit(none)) << "404, and not a role that is missing";
}

TEST_F(AccessControlTest, TheFlatFilesKeysGoOnWorking) {
  const auto path = folder_ / "api-keys";
  const std::string mine = must(ApiKeys::create(path, "first start"));
  AccessControl flat(
      {.file_keys = std::make_shared<const ApiKeys>(must(ApiKeys::load(path))), .keeper = nullptr});
  const auto ticket = must(flat.admit(facts(mine, "/models/unload")));
  EXPECT_EQ(ticket->key_id(), "key 1");
  EXPECT_EQ(ticket->role(), KeyRole::Admin);
  EXPECT_TRUE(reserve(*ticket, fail(ErrorCode::Forbidden, "unpriced"), 1, 1));
  EXPECT_FALSE(flat.admit(facts("sk-croft-x")));
}

TEST_F(AccessControlTest, BlockedExpiredAndDeletedKeysStop) {
  const std::string mine = key({.expires = {wall_ + 10 * micros_per_second}});
  const std::string id = last_id_;
  EXPECT_TRUE(control().admit(facts(mine)));
  wall_ += 10 * micros_per_second;
  EXPECT_THAT(control().admit(facts(mine)).error().message, HasSubstr("expired"));
  must(store_->update_key(id, {.expires = {std::optional<UtcMicros>()}, .blocked = true}));
  EXPECT_EQ(control().admit(facts(mine)).error().code, ErrorCode::Forbidden);
  must(store_->update_key(id, {.blocked = false}));
  EXPECT_TRUE(control().admit(facts(mine)));
  must(store_->delete_key(id));
  EXPECT_EQ(control().admit(facts(mine)).error().code, ErrorCode::Unauthorized);
  const TeamRecord team = must(store_->create_team({.alias = "t", .blocked = true}));
  const std::string other = key({.team = team.id});
  EXPECT_THAT(control().admit(facts(other)).error().message, HasSubstr("team is blocked"));
}

TEST_F(AccessControlTest, ModelsOfKeyAndTeamBothHold) {
  must(store_->create_team({.alias = "t", .models = {{"gpt-*", "local"}}}));
  const std::string mine = key({.team = "t", .models = {{"*-mini", "local"}}});
  const auto ticket = must(control().admit(facts(mine)));
  EXPECT_TRUE(ticket->on_model("gpt-4o-mini"));
  EXPECT_TRUE(ticket->on_model("local"));
  EXPECT_THAT(ticket->on_model("gpt-4o").error().message, HasSubstr("the key may not"));
  EXPECT_THAT(ticket->on_model("o4-mini").error().message, HasSubstr("the team may not"));
  EXPECT_EQ(ticket->on_model("x").error().field, "model");
}

TEST_F(AccessControlTest, RatesComeBackAsTheyWereUsed) {
  const std::string mine = key({.rpm_limit = {3}, .tpm_limit = {1000}});
  auto a = must(control().admit(facts(mine)));
  EXPECT_TRUE(a->on_tokens_estimate(400, 500));
  auto b = must(control().admit(facts(mine)));
  const auto refused = b->on_tokens_estimate(50, 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry_after_seconds, 3);  // 50 of 1,000 a minute
  const HttpResponse response = error_response(refused.error());
  EXPECT_EQ(response.status, 429);
  EXPECT_THAT(response.body, HasSubstr(R"("code":"rate_limit_exceeded")"));
  a->finish(450);
  a->finish(450);
  EXPECT_TRUE(b->on_tokens_estimate(50, 500));
  EXPECT_TRUE(b->on_tokens_estimate(50, 100));  // replaces the first
  EXPECT_EQ(b->headers().at(4).value, "400");
  b.reset();  // never finished: what was estimated stays taken
  auto c = must(control().admit(facts(mine)));
  EXPECT_EQ(c->headers().at(4).value, "400");
  EXPECT_EQ(control().admit(facts(mine)).error().field, "rpm_limit");
  // Reading a list uses nothing up and is not refused.
  AccessFacts list = facts(mine, "/v1/models");
  list.method = "GET";
  EXPECT_TRUE(control().admit(list));
  now_ += 20s;
  EXPECT_TRUE(control().admit(facts(mine)));
}

TEST_F(AccessControlTest, PlacesAtATimeAreFreedByEveryEnd) {
  const std::string mine = key({.max_parallel_requests = {2}});
  auto a = must(control().admit(facts(mine)));
  auto b = must(control().admit(facts(mine)));
  EXPECT_EQ(control().admit(facts(mine)).error().retry_after_seconds, 1);
  a->finish(std::nullopt);
  auto c = must(control().admit(facts(mine)));
  a.reset();  // finished before: does not free another place
  EXPECT_FALSE(control().admit(facts(mine)));
  b.reset();
  EXPECT_TRUE(control().admit(facts(mine)));
}

TEST_F(AccessControlTest, BudgetsAreReservedThenSettled) {
  const std::string mine = key({.max_budget = {1000}});
  const auto ticket = must(control().admit(facts(mine)));
  EXPECT_TRUE(ticket->has_budget());
  Result<BudgetHold> hold = reserve(*ticket, price(), 400, 200);  // 800, and 2 for rounding
  ASSERT_TRUE(hold) << hold.error().to_string();
  const auto refused = reserve(*ticket, price(), 100, 100);
  EXPECT_EQ(refused.error().code, ErrorCode::Busy);
  hold->settle(300);
  hold->settle(300);
  ASSERT_TRUE(keeper_->flush(3min));
  EXPECT_EQ(must(store_->budget(last_id_)).spent, 300);
  {
    const Result<BudgetHold> dropped = reserve(*ticket, price(), 98, 0);
  }
  ASSERT_TRUE(keeper_->flush(3min));
  EXPECT_EQ(must(store_->budget(last_id_)).spent, 400);  // nobody said: the worst case
  Result<BudgetHold> unused = reserve(*ticket, price(), 500, 0);
  unused->release();
  ASSERT_TRUE(keeper_->flush(3min));
  EXPECT_EQ(must(store_->budget(last_id_)).spent, 400);
  EXPECT_EQ(must(store_->budget(last_id_)).reserved, 0);
}

TEST_F(AccessControlTest, AnUnpricedModelIsRefusedOnlyWhereABudgetWouldNeedItsPrice) {
  const Result<CandidatePrice> none =
      listed_price(PriceList::built_in(), "openai", "gpt-nobody-knows", 10);
  const std::string budgeted_key = key({.max_budget = {1000}});
  const auto budgeted = must(control().admit(facts(budgeted_key)));
  const auto refused = reserve(*budgeted, none, 1, 1);
  EXPECT_EQ(refused.error().code, ErrorCode::Forbidden);
  EXPECT_THAT(refused.error().message, HasSubstr("gpt-nobody-knows is unpriced"));
  const std::uint64_t before = keeper_->health().groups;
  const std::string open_key = key({});
  const auto open = must(control().admit(facts(open_key)));
  EXPECT_TRUE(reserve(*open, none, 1, 1));
  EXPECT_TRUE(reserve(*open, price(), 1, 1));
  EXPECT_EQ(keeper_->health().groups, before);  // without a budget the database is not touched
}

TEST_F(AccessControlTest, AWatchBringsChangesWithoutARestart) {
  const std::string mine = key({});
  AccessControl live({.file_keys = {}, .keeper = keeper_});
  const auto watch = must(AccessWatch::start(
      must(Database::open((folder_ / "croft.db").string())),
      [&](std::shared_ptr<const AccessDirectory> directory) {
        live.set_directory(std::move(directory));
      },
      std::chrono::milliseconds(5)));
  EXPECT_TRUE(live.admit(facts(mine)));
  must(store_->update_key(last_id_, {.blocked = true}));
  const auto deadline = std::chrono::steady_clock::now() + 3min;
  while (live.admit(facts(mine)) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(2ms);
  EXPECT_EQ(live.admit(facts(mine)).error().code, ErrorCode::Forbidden);
}

}  // namespace
}  // namespace croft
