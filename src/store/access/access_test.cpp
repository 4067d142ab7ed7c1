// Goal: keys and teams keep what was said about them, on both databases; patterns, durations and
// windows mean what the manual says.
// Method: tables of values; the store on a SQLite file and on a real PostgreSQL server.
#include <gmock/gmock.h>

#include "store/access/access_store.h"
#include "store/access/server_place.h"
#include "store/database/test_databases.h"
#include "store/key_secret.h"

namespace croft {
namespace {

using testing::HasSubstr;

constexpr UtcMicros second = micros_per_second;
constexpr UtcMicros day = 86'400 * second;

UtcMicros at(std::string_view text) {
  return parse_expiry(text, 0).value();
}

TEST(BudgetPeriod, ReadsTheFieldsForms) {
  EXPECT_EQ(parse_budget_period("30s")->seconds, 30);
  EXPECT_EQ(parse_budget_period("15m")->seconds, 900);
  EXPECT_EQ(parse_budget_period("24h")->seconds, 86'400);
  EXPECT_EQ(parse_budget_period("30d")->seconds, 30 * 86'400);
  EXPECT_EQ(parse_budget_period("2w")->seconds, 14 * 86'400);
  EXPECT_EQ(parse_budget_period("1mo")->months, 1);
  for (const char* text : {"30s", "15m", "7h", "30d", "1mo", "90s"})
    EXPECT_EQ(budget_period_text(*parse_budget_period(text)), text);
  for (const char* wrong : {"", "d", "0d", "-1d", "1.5d", "1 d", "1y", "30", "1month", "3654d",
                            "121mo", "99999999999999999999s", "9223372036854775807w"})
    EXPECT_FALSE(parse_budget_period(wrong)) << wrong;
}

TEST(BudgetPeriod, WindowsFollowOneAnother) {
  const BudgetPeriod hour = *parse_budget_period("1h");
  const UtcMicros start = at("2026-01-31T12:00:00Z");
  const BudgetWindow window = first_window(hour, start);
  EXPECT_EQ(window.end, start + 3600 * second);
  EXPECT_FALSE(step_window(hour, window, window.end - 1).begins_again);
  const WindowStep next = step_window(hour, window, window.end);
  EXPECT_TRUE(next.begins_again);
  EXPECT_EQ(next.window.start, window.end);
  const WindowStep late = step_window(hour, window, start + 10 * 3600 * second + 5);
  EXPECT_EQ(late.window.start, start + 10 * 3600 * second);
}

TEST(BudgetPeriod, AClockThatJumpsBackGivesNothingAway) {
  const BudgetPeriod hour = *parse_budget_period("1h");
  const UtcMicros start = at("2026-01-31T12:00:00Z");
  const BudgetWindow window = first_window(hour, start);
  for (const UtcMicros back : {1L, second, 1800 * second, 3600 * second}) {
    const WindowStep step = step_window(hour, window, start - back);
    EXPECT_EQ(step.window, window) << back;
    EXPECT_FALSE(step.begins_again);
  }
  // A window that began years ahead would lock its owner out: it is laid anew, nothing forgotten.
  const WindowStep step = step_window(hour, window, start - 1000 * day);
  EXPECT_FALSE(step.begins_again);
  EXPECT_EQ(step.window, first_window(hour, start - 1000 * day));
}

TEST(BudgetPeriod, MonthsAreThoseOfTheCalendar) {
  const BudgetPeriod month = *parse_budget_period("1mo");
  BudgetWindow window = first_window(month, at("2026-01-31T12:00:00Z"));
  EXPECT_EQ(utc_text(window.start), "2026-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(window.end), "2026-02-01T00:00:00Z");
  window = step_window(month, window, at("2028-02-29T00:00:00Z")).window;
  EXPECT_EQ(utc_text(window.start), "2028-02-01T00:00:00Z");
  EXPECT_EQ(utc_text(window.end), "2028-03-01T00:00:00Z");
  const BudgetPeriod quarter = *parse_budget_period("3mo");
  window = first_window(quarter, at("2026-02-15"));
  EXPECT_EQ(utc_text(window.end), "2026-05-01T00:00:00Z");
  window = step_window(quarter, window, at("2026-12-31")).window;
  EXPECT_EQ(utc_text(window.start), "2026-11-01T00:00:00Z");
}

TEST(AccessRecord, StarsStandForAnything) {
  const struct {
    std::vector<std::string> patterns;
    const char* name;
    bool allowed;
  } cases[] = {
      {{}, "anything", true},
      {{"gpt-4o"}, "gpt-4o", true},
      {{"gpt-4o"}, "gpt-4o-mini", false},
      {{"gpt-*"}, "gpt-4o-mini", true},
      {{"*mini"}, "gpt-4o-mini", true},
      {{"*mini"}, "gpt-4o-minis", false},
      {{"a*b*c"}, "a-bb-c", true},
      {{"a*b*c"}, "a-c-b", false},
      {{"x", "support/*"}, "support/auto", true},
      {{"*"}, "", true},
      {{"GPT"}, "gpt", false},
  };
  for (const auto& each : cases)
    EXPECT_EQ(model_allowed(each.patterns, each.name), each.allowed) << each.name;
  // Many stars against a long name must not take exponential time.
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "*a";
  EXPECT_FALSE(model_allowed({stars + "b"}, std::string(5000, 'a')));
}

TEST(AccessRecord, ExpiriesAreDaysTimesOrDurations) {
  const UtcMicros now = at("2026-01-31T00:00:00Z");
  EXPECT_EQ(*parse_expiry("2026-02-28", now), now + 28 * day);
  EXPECT_EQ(*parse_expiry("30d", now), now + 30 * day);
  for (const char* wrong : {"", "2026-02-30", "2026-1-1", "2026-01-31T25:00:00Z", "tomorrow",
                            " 2026-02-28", "2026-02-28 ", "1969-12-31"})
    EXPECT_FALSE(parse_expiry(wrong, now)) << wrong;
}

TEST(ServerPlace, ThisProcessLivesAndAnotherStartIsAnother) {
  const std::string here = own_place();
  EXPECT_FALSE(is_certainly_dead(here));
  EXPECT_TRUE(is_certainly_dead(here + "1"));  // the same number, started at another time
  EXPECT_TRUE(
      is_certainly_dead(here.substr(0, here.rfind('/', here.rfind('/') - 1)) + "/4194305/17"));
  for (const char* unknown : {"", "/", "other-boot/pid:[1]/1/1", "a/b/c/d/e"})
    EXPECT_FALSE(is_certainly_dead(unknown)) << unknown;
  EXPECT_FALSE(is_certainly_dead(here.substr(0, here.rfind('/') + 1)));
}

class AccessStoreTest : public DatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, AccessStoreTest, both_databases, database_name);

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}

TEST_P(AccessStoreTest, KeepsWhatWasSaid) {
  Database database = open();
  AccessStore store = must(AccessStore::open(database));
  const TeamRecord team =
      must(store.create_team({.alias = "support", .models = {{"local-*"}}, .tpm_limit = {90'000}}));
  const NewKey made = must(store.create_key({.alias = "naïve bot",
                                             .team = "support",
                                             .role = KeyRole::Operator,
                                             .expires = {at("2030-01-01")},
                                             .models = {{"gpt-*", "auto"}},
                                             .max_budget = {12'500'000'000},
                                             .budget_currency = "EUR",
                                             .budget_duration = {*parse_budget_period("30d")},
                                             .rpm_limit = {60},
                                             .max_parallel_requests = {4}}));
  EXPECT_THAT(made.key, testing::MatchesRegex("sk-croft-[A-Za-z0-9_-]+"));
  Database again = open();
  AccessStore reader = must(AccessStore::open(again));
  const KeyRecord key = must(reader.key("naïve bot"));
  EXPECT_EQ(key.id, made.record.id);
  EXPECT_EQ(must(reader.key(made.record.id)).alias, "naïve bot");
  EXPECT_EQ(key.team, team.id);
  EXPECT_EQ(key.role, KeyRole::Operator);
  EXPECT_EQ(key.limits, made.record.limits);
  EXPECT_EQ(key.limits.max_budget, 12'500'000'000);
  EXPECT_EQ(key.expires, at("2030-01-01"));
  EXPECT_EQ(key.hash, hash_api_key(made.key, must(reader.pepper())));
  EXPECT_EQ(must(reader.team("support")).limits.tpm_limit, 90'000);
  // The secret itself is in no column.
  EXPECT_EQ(must(again.query_int64("SELECT count(*) FROM croft_key WHERE alias = ?1 OR id = ?1",
                                   {made.key})),
            0);
}

TEST_P(AccessStoreTest, ChangesOnlyWhatIsNamedAndTellsTheServers) {
  Database database = open();
  AccessStore store = must(AccessStore::open(database));
  must(store.create_key({.alias = "a", .max_budget = {5}, .rpm_limit = {60}}));
  const std::int64_t before = must(store.generation());
  const KeyRecord changed = must(store.update_key("a", {.alias = "b", .blocked = true}));
  EXPECT_TRUE(changed.blocked);
  EXPECT_EQ(changed.limits.rpm_limit, 60);
  EXPECT_GT(must(store.generation()), before);
  const KeyRecord freed = must(store.update_key(
      "b", {.max_budget = {std::optional<std::int64_t>()}, .rpm_limit = {{}}, .blocked = false}));
  EXPECT_EQ(freed.limits.max_budget, std::nullopt);
  EXPECT_FALSE(freed.blocked);
}

TEST_P(AccessStoreTest, DeletedKeysKeepTheirRow) {
  Database database = open();
  AccessStore store = must(AccessStore::open(database));
  const TeamRecord team = must(store.create_team({.alias = "t"}));
  const NewKey made = must(store.create_key({.alias = "a", .team = team.id}));
  EXPECT_THAT(store.delete_team("t").error().message, HasSubstr("still has the key 'a'"));
  EXPECT_TRUE(must(store.delete_key("a")).deleted);
  EXPECT_TRUE(must(store.delete_key(made.record.id)).deleted);  // twice is no mistake
  EXPECT_TRUE(must(store.keys()).empty());
  EXPECT_EQ(must(store.keys(true)).size(), 1U);
  EXPECT_EQ(store.key("a").error().code, ErrorCode::NotFound);
  EXPECT_FALSE(store.update_key(made.record.id, {.blocked = false}));
  EXPECT_TRUE(store.create_key({.alias = "a"}));  // the name is free again
  EXPECT_TRUE(must(store.delete_team("t")).deleted);
  EXPECT_EQ(store.create_key({.alias = "x", .team = team.id}).error().field, "team");
}

TEST_P(AccessStoreTest, RefusesWhatMakesNoSense) {
  Database database = open();
  AccessStore store = must(AccessStore::open(database));
  must(store.create_key({.alias = "taken"}));
  const auto field_of = [&](const AccessChanges& what) {
    const auto made = store.create_key(what);
    EXPECT_FALSE(made);
    return made ? "" : made.error().field;
  };
  EXPECT_EQ(field_of({}), "alias");
  EXPECT_EQ(field_of({.alias = "taken"}), "alias");
  EXPECT_EQ(field_of({.alias = "bell\a"}), "alias");
  EXPECT_EQ(field_of({.alias = std::string(65, 'a')}), "alias");
  EXPECT_EQ(field_of({.alias = "x", .models = {{""}}}), "models");
  EXPECT_EQ(field_of({.alias = "x", .models = {std::vector<std::string>(257, "m")}}), "models");
  EXPECT_EQ(field_of({.alias = "x", .max_budget = {-1}}), "max_budget");
  EXPECT_EQ(field_of({.alias = "x", .budget_currency = "usd"}), "budget_currency");
  EXPECT_EQ(field_of({.alias = "x", .budget_duration = {*parse_budget_period("1d")}}),
            "budget_duration");
  EXPECT_EQ(field_of({.alias = "x", .rpm_limit = {0}}), "rpm_limit");
  EXPECT_EQ(store.create_key({.alias = "x", .team = "nobody"}).error().code, ErrorCode::NotFound);
  EXPECT_THAT(store.key("takne").error().to_string(), HasSubstr("taken"));
  EXPECT_EQ(must(store.keys()).size(), 1U);
}

}  // namespace
}  // namespace croft
