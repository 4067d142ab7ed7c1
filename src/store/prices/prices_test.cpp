// Goal: money is exact, and a price list says what it does not know instead of calling it 0.
// Method: tables of values, sound and unsound; lists of a few lines, each wrong in one field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "store/prices/candidate_price.h"
#include "store/prices/money.h"
#include "store/prices/price_list.h"
#include "store/prices/token_cost.h"

namespace croft {
namespace {

using testing::HasSubstr;

constexpr std::string_view header = "{\"format\":\"croft-prices-1\",\"date\":\"2026-01-31\"}\n";
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

std::string line(std::string_view provider, std::string_view model, std::string_view more = "") {
  return R"({"provider":")" + std::string(provider) + R"(","model":")" + std::string(model) +
         R"(","currency":"USD","input":2.5,"output":10,"date":"2026-01-30","source":"a page")" +
         std::string(more) + "}\n";
}

PriceList list_of(const std::string& lines) {
  auto list = PriceList::parse(std::string(header) + lines, "test");
  EXPECT_TRUE(list.has_value()) << list.error().to_string();
  return std::move(*list);
}

TEST(Money, ReadsPlainDecimalsExactly) {
  EXPECT_EQ(parse_nano("12"), 12 * nano_per_unit);
  EXPECT_EQ(parse_nano("0.075"), 75'000'000);
  EXPECT_EQ(parse_nano("0.000000001"), 1);
  EXPECT_EQ(parse_nano("0.0000000010"), 1);
  EXPECT_EQ(parse_nano("-3.5"), -3'500'000'000);
  EXPECT_EQ(parse_nano("9223372036.854775807"), int64_max);
  for (const char* wrong : {"", "-", ".", "1.", ".5", "1e3", "+1", " 1", "1 ", "1,5", "0x1",
                            "0.0000000001", "9223372036.854775808", "99999999999999999999", "1.-5"})
    EXPECT_EQ(parse_nano(wrong), std::nullopt) << wrong;
}

TEST(Money, TakesNumbersThatAPersonWrote) {
  EXPECT_EQ(nano_from(0.15), 150'000'000);
  EXPECT_EQ(nano_from(0.000000001), 1);
  EXPECT_EQ(nano_from(8'999'999.99), 8'999'999'990'000'000);
  EXPECT_EQ(nano_from(0.0000000015), std::nullopt);
  EXPECT_EQ(nano_from(1e10), std::nullopt);
  EXPECT_EQ(nano_from(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
  EXPECT_EQ(nano_from(std::numeric_limits<double>::infinity()), std::nullopt);
}

TEST(Money, TextAndNumberAreOneAndTheSame) {
  EXPECT_EQ(nano_text(12 * nano_per_unit, "USD"), "12.00 USD");
  EXPECT_EQ(nano_text(75'000), "0.000075");
  EXPECT_EQ(nano_text(-1), "-0.000000001");
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const auto nano = static_cast<std::int64_t>(random()) >> (random() % 60);
    EXPECT_EQ(parse_nano(nano_text(nano)), nano);
  }
  EXPECT_EQ(nano_text(std::numeric_limits<std::int64_t>::min()), "-9223372036.854775808");
}

TEST(PriceList, TheBuiltInOneIsSound) {
  const PriceList& list = PriceList::built_in();
  EXPECT_GT(list.prices().size(), 30U);
  EXPECT_EQ(list.version(), list.date() + "-" + list.digest().substr(0, 12));
  const ModelPrice* mini = list.find("openai", "gpt-4o-mini", 1000);
  ASSERT_NE(mini, nullptr);
  EXPECT_EQ(mini->rates.input, 150'000'000);
  EXPECT_EQ(list.find("openai", "gpt-4o-mini-2024-07-18", 1000), mini);
  for (const ModelPrice& price : list.prices()) EXPECT_LE(price.date, list.date()) << price.model;
}

TEST(PriceList, WhatItDoesNotHaveIsUnpriced) {
  const PriceList list =
      list_of(line("openai", "gpt-x") + line("other", "both") + line("openai", "both"));
  EXPECT_EQ(list.find("openai", "gpt-y", 1), nullptr);
  EXPECT_EQ(list.find("anthropic", "gpt-x", 1), nullptr);
  EXPECT_EQ(list.find("", "", 1), nullptr);
  EXPECT_NE(list.find("", "gpt-x", 1), nullptr);
  EXPECT_EQ(list.find("", "both", 1), nullptr);  // two providers may charge different prices
  EXPECT_NE(list.find("other", "both", 1), nullptr);
  const Error why = list.why_unpriced("openai", "gpt-y", 1);
  EXPECT_EQ(why.code, ErrorCode::Forbidden);
  EXPECT_THAT(why.to_string(), HasSubstr("openai gpt-y is unpriced"));
  EXPECT_THAT(why.to_string(), HasSubstr("gpt-x"));
  EXPECT_THAT(list.why_unpriced("", "both", 1).to_string(), HasSubstr("openai other"));
}

TEST(PriceList, LongPromptsHaveTheirOwnPrice) {
  const PriceList list = list_of(line("g", "m", R"(,"prompt_tokens_max":1000,"aliases":["a"])") +
                                 line("g", "m", R"(,"prompt_tokens_max":2000,"cached_input":1)"));
  ASSERT_NE(list.find("g", "m", 1000), nullptr);
  EXPECT_EQ(list.find("g", "m", 1000)->prompt_tokens_max, 1000U);
  EXPECT_EQ(list.find("g", "a", 5)->prompt_tokens_max, 1000U);
  EXPECT_EQ(list.find("g", "m", 1001)->prompt_tokens_max, 2000U);
  EXPECT_EQ(list.find("g", "m", 2001), nullptr);
  EXPECT_THAT(list.why_unpriced("g", "m", 2001).message, HasSubstr("2001 tokens"));
}

TEST(PriceList, NamesLineAndFieldOfEveryMistake) {
  const struct {
    std::string text;
    std::string expected;
  } cases[] = {
      {"", "has no price"},
      {std::string(header), "has no price"},
      {"{}\n", "line 1, field \"format\""},
      {"{\"format\":\"croft-prices-1\",\"date\":\"2026-02-30\"}\n", "line 1, field \"date\""},
      {"{\"format\":\"croft-prices-1\",\"date\":\"2026-01-31\",\"x\":1}\n", "line 1, field \"x\""},
      {std::string(header) + "[]\n", "line 2 is no JSON object"},
      {std::string(header) + "{\n", "line 2 is not valid JSON"},
      {std::string(header) + line("p", "m", R"(,"outpt":1)"), "Did you mean \"output\"?"},
      {std::string(header) + line("p", "m") + line("p", "m"), "line 3, field \"model\""},
      {std::string(header) + line("p", "m") + line("p", "n", R"(,"aliases":["m"])"),
       "line 3, field \"aliases\""},
      // The same name for two models at different lengths is no less confusing.
      {std::string(header) + line("p", "m") +
           line("p", "n", R"(,"aliases":["m"],"prompt_tokens_max":5)"),
       "line 3, field \"aliases\""},
      {std::string(header) + line("p", "m", R"(,"cached_input":-1)"), "must not be below 0"},
      {std::string(header) + line("p", "m", R"(,"cached_input":"1")"), "must be a number"},
      {std::string(header) + line("p", "m", R"(,"cached_input":1e7)"), "above 1,000,000"},
      {std::string(header) + line("p", "m", R"(,"cached_input":0.00000000012)"), "nine decimals"},
      {std::string(header) + line("p", "m", R"(,"prompt_tokens_max":0)"), "above 0"},
      {std::string(header) + line("p", "m", R"(,"untested":1)"), "true or false"},
      {std::string(header) + line("p", "m", R"(,"aliases":[1])"), "field \"aliases\""},
      {std::string(header) + line("p", std::string(300, 'm')), "1 to 256 bytes"},
      {std::string(header) + line("p", "\\u0007"), "control characters"},
      {std::string(header) + R"({"provider":"p","model":"m","currency":"usd"})", "capital letters"},
      {std::string(header) + R"({"provider":"p","model":"m","currency":"USD","input":1})",
       "field \"output\": is missing"},
  };
  for (const auto& each : cases) {
    const auto list = PriceList::parse(each.text, "list.jsonl");
    ASSERT_FALSE(list.has_value()) << each.text;
    EXPECT_THAT(list.error().to_string(), HasSubstr(each.expected)) << each.text;
  }
  EXPECT_EQ(PriceList::parse(std::string(price_list_bytes_max + 1, ' '), "x").error().code,
            ErrorCode::TooLarge);
}

TEST(PriceList, MergingReplacesOnlyTheSameModel) {
  const PriceList old = list_of(line("p", "a") + line("p", "b", R"(,"prompt_tokens_max":10)") +
                                line("p", "b", R"(,"untested":true,"note":"say \"when\"")"));
  const PriceList fresh = list_of(
      R"({"provider":"p","model":"b","currency":"EUR","input":0.1,"output":0,"date":"2026-01-31","source":"s"})"
      "\n");
  const auto merged = old.merged(fresh);
  ASSERT_TRUE(merged.has_value()) << merged.error().to_string();
  EXPECT_EQ(merged->prices().size(), 2U);
  EXPECT_EQ(merged->find("p", "b", 5)->rates.currency, "EUR");
  EXPECT_EQ(merged->find("p", "a", 5)->rates.input, 2'500'000'000);
  EXPECT_NE(merged->version(), old.version());
  // Written and read again, a list is the same list.
  const auto again = PriceList::parse(merged->text(), "again");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->version(), merged->version());
  const auto same = old.merged(old);
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->find("p", "b", 11)->note, "say \"when\"");
  EXPECT_TRUE(same->find("p", "b", 11)->untested);
}

TEST(TokenCost, RoundsEachPartHalfAwayFromZero) {
  const TokenRates rates{.input = 500'000, .output = 499'999, .cached_input = 1'500'000};
  // 1 token at half a nano-unit rounds up, at less than half down; 1.5 becomes 2.
  const auto cost = cost_of({.input = 1, .cached_input = 1, .cache_write = 3, .output = 1}, rates);
  ASSERT_TRUE(cost.has_value());
  EXPECT_EQ(*cost, (TokenCost{1, 2, 2, 0, 5}));
  const TokenRates mini{.input = 150'000'000, .output = 600'000'000, .cached_input = 75'000'000};
  const auto usual = cost_of({.input = 1000, .cached_input = 200, .output = 300}, mini);
  EXPECT_EQ(usual->total, 150'000 + 15'000 + 180'000);
}

TEST(TokenCost, SaysWhenItDoesNotFit) {
  const TokenRates dear{.input = 1'000'000 * nano_per_unit, .output = 1'000'000 * nano_per_unit};
  const std::uint64_t most = 9'223'372'036;
  EXPECT_TRUE(cost_of({.input = most}, dear).has_value());
  EXPECT_EQ(cost_of({.input = most + 1}, dear).error().code, ErrorCode::TooLarge);
  EXPECT_EQ(cost_of({.input = most, .output = most}, dear).error().code, ErrorCode::TooLarge);
  EXPECT_EQ(cost_of({.output = UINT64_MAX}, dear).error().code, ErrorCode::TooLarge);
  EXPECT_EQ(worst_case_cost(UINT64_MAX, 1, dear).error().code, ErrorCode::TooLarge);
}

TEST(TokenCost, TheWorstCaseIsNeverBelowAnyRealOne) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const TokenRates rates{.input = static_cast<std::int64_t>(random() % 3'000'000),
                           .output = static_cast<std::int64_t>(random() % 3'000'000),
                           .cached_input = static_cast<std::int64_t>(random() % 3'000'000),
                           .cache_write = static_cast<std::int64_t>(random() % 3'000'000)};
    const BilledTokens tokens{random() % 50, random() % 50, random() % 50, random() % 50};
    EXPECT_LE(cost_of(tokens, rates)->total,
              *worst_case_cost(tokens.prompt(), tokens.output, rates));
  }
}

TEST(TokenCost, UsageThatIsUnknownIsNotZero) {
  EXPECT_EQ(*billed_tokens({}), std::nullopt);
  EXPECT_EQ(*billed_tokens({.prompt_tokens = 5}), std::nullopt);
  const auto told = billed_tokens({.prompt_tokens = 100,
                                   .cached_tokens = 60,
                                   .cache_write_tokens = 30,
                                   .completion_tokens = 7});
  EXPECT_EQ(*told, (BilledTokens{10, 60, 30, 7}));
  EXPECT_FALSE(billed_tokens({.prompt_tokens = 5, .cached_tokens = 6, .completion_tokens = 1}));
  EXPECT_FALSE(billed_tokens({.prompt_tokens = -5, .completion_tokens = 1}));
  EXPECT_FALSE(billed_tokens({.prompt_tokens = 5,
                              .cached_tokens = int64_max,
                              .cache_write_tokens = int64_max,
                              .completion_tokens = 1}));
}

TEST(CandidatePrice, TheConfigurationWinsAndSaysSo) {
  CandidateModel model;
  model.name = "mine";
  model.prices = {.in = 0.15, .out = 0.6, .cached = 0.075, .currency = "USD"};
  const auto price = configured_price(model);
  ASSERT_TRUE(price.has_value());
  EXPECT_EQ(price->rates.input, 150'000'000);
  EXPECT_EQ(price->rates.cached_input, 75'000'000);
  EXPECT_THAT(price->version, testing::MatchesRegex("croft.toml-[0-9a-f]{12}"));
  model.prices.out = 0.7;
  EXPECT_NE(configured_price(model)->version, price->version);
  model.prices.out = 1.0 / 3.0;
  EXPECT_EQ(configured_price(model).error().field, "price_out");
  const auto listed = listed_price(PriceList::built_in(), "openai", "gpt-4o-mini", 10);
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->version, PriceList::built_in().version());
  EXPECT_EQ(listed_price(PriceList::built_in(), "openai", "no-such", 10).error().code,
            ErrorCode::Forbidden);
}

TEST(CandidatePrice, AnEntryOfTheListGoesThereAndBack) {
  const PriceList list =
      list_of(line("acme", "big", R"(,"cached_input":0.25,"cache_write":3.125)") +
              line("acme", "long", R"(,"prompt_tokens_max":1000)"));
  CandidateModel model;
  model.name = "m";
  const auto prices = prices_from_list(list, "acme/big");
  ASSERT_TRUE(prices) << prices.error().to_string();
  model.prices = *prices;
  const auto price = configured_price(model);
  ASSERT_TRUE(price);
  EXPECT_EQ(price->version, list.version());
  EXPECT_EQ(price->rates, list.find("acme", "big", 0)->rates);
  EXPECT_EQ(prices_from_list(list, "acme/none").error().code, ErrorCode::Forbidden);
  EXPECT_EQ(prices_from_list(list, "acme/long").error().code, ErrorCode::Unsupported);
  model.prices = {.unpriced = true};
  EXPECT_EQ(configured_price(model).error().code, ErrorCode::Forbidden);
}

}  // namespace
}  // namespace croft
