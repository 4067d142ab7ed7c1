// Goal: a projection's sums can be done by hand, its promises are judged by its own figures, and
// what it cannot know it refuses.
// Method: round numbers whose answers are computed here in another way.
#include "store/prices/whatif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "store/prices/whatif_input.h"

namespace croft {
namespace {

using testing::HasSubstr;

PriceList prices() {
  // 2 and 8 a million; long prompts twice that.
  auto list = PriceList::parse(
      R"({"format":"croft-prices-1","date":"2026-01-31"}
{"provider":"p","model":"m","currency":"USD","input":2,"cached_input":1,"output":8,"prompt_tokens_max":1000,"date":"2026-01-31","source":"s"}
{"provider":"p","model":"m","currency":"USD","input":4,"output":16,"date":"2026-01-31","source":"s"}
{"provider":"e","model":"euro","currency":"EUR","input":4,"output":16,"date":"2026-01-31","source":"s"}
{"provider":"e","model":"free","currency":"EUR","input":0,"output":0,"date":"2026-01-31","source":"s"}
)",
      "test");
  EXPECT_TRUE(list.has_value());
  return std::move(*list);
}

/// 1,000 requests of 500 prompt and 125 answer tokens: 1 USD of prompts, 1 USD of answers.
WhatifQuestion question() {
  WhatifQuestion asked;
  EXPECT_TRUE(asked.work.add({.input = 500'000, .output = 125'000}, 1000, prices(), "p", "m"));
  asked.machine = {.price = 1000,
                   .years = 1,
                   .utilisation = 0.5,
                   .watts_busy = 100,
                   .watts_idle = 20,
                   .kwh_price = 0.3,
                   .prompt_rate = 500,
                   .answer_rate = 50};
  asked.local_share = 0.75;
  return asked;
}

TEST(Whatif, TheSumsAreThoseOfAHandCalculation) {
  const WhatifQuestion asked = question();
  const auto answer = whatif(asked);
  ASSERT_TRUE(answer.has_value()) << answer.error().to_string();
  EXPECT_DOUBLE_EQ(answer->cloud_all, 2.0);
  EXPECT_DOUBLE_EQ(answer->busy_seconds, 1000 + 2500);
  // Half of the time idle: 7,000 s are owned, 3,500 of them busy.
  EXPECT_DOUBLE_EQ(answer->hardware, 1000 * 7000 / (365.25 * 86400));
  EXPECT_NEAR(answer->kwh, (100 * 3500 + 20 * 3500) / 3.6e6, 1e-12);
  EXPECT_NEAR(answer->power, answer->kwh * 0.3, 1e-12);
  EXPECT_DOUBLE_EQ(answer->cloud_part, 0.5);
  EXPECT_NEAR(answer->saved_share(), 1 - (0.5 + answer->hardware + answer->power) / 2, 1e-12);
  EXPECT_NEAR(answer->times_cheaper(), 2 / answer->local_all, 1e-9);
}

TEST(Whatif, OnlyWhatIsTriedIsPaidForLocally) {
  WhatifQuestion asked = question();
  const double cascade = whatif(asked)->local_part;
  asked.tried_share = 0.75;
  EXPECT_NEAR(whatif(asked)->local_part, cascade * 0.75, 1e-12);
  asked.tried_share = 0.5;
  EXPECT_EQ(whatif(asked).error().field, "tried-share");
}

TEST(Whatif, WithAPeriodWholeMachinesAreBought) {
  WhatifQuestion asked = question();
  asked.days = 3500.0 / 86400;  // as many seconds as there is work
  const auto answer = whatif(asked);
  EXPECT_EQ(answer->machines, 2);  // at most half busy
  EXPECT_DOUBLE_EQ(answer->utilisation, 0.5);
  asked.days = 365.25;
  EXPECT_EQ(whatif(asked)->machines, 1);
  EXPECT_DOUBLE_EQ(whatif(asked)->hardware, 1000);  // a year of it, however little it does
  EXPECT_LT(whatif(asked)->saved_share(), -100);
}

TEST(Whatif, PromisesAreJudgedByTheFigures) {
  WhatifQuestion asked = question();
  asked.machine.price = 0;
  asked.machine.kwh_price = 0.0001;
  const auto cheap = whatif_claims(asked);
  ASSERT_TRUE(cheap.has_value());
  ASSERT_EQ(cheap->size(), 5U);
  // 85 % at 80 % local cannot be, even for nothing; at 90 % it can.
  EXPECT_FALSE(cheap->at(0).holds);
  EXPECT_THAT(cheap->at(0).why, HasSubstr("even a free machine saves 80.0 %"));
  EXPECT_TRUE(cheap->at(1).holds);
  EXPECT_FALSE(cheap->at(2).holds);
  EXPECT_TRUE(cheap->at(3).holds);
  EXPECT_TRUE(cheap->at(4).holds);
  const auto dear = whatif_claims(question());
  EXPECT_FALSE(dear->at(4).holds);
  EXPECT_THAT(whatif_text(asked, *whatif(asked), *cheap), HasSubstr("price list 2026-01-31-"));
  EXPECT_TRUE(whatif_json(asked, *whatif(asked), *cheap).contains("assumptions"));
  EXPECT_THAT(*whatif_plot(asked), HasSubstr("<svg"));
}

TEST(Whatif, RefusesWhatItCannotKnow) {
  const auto field_of = [](auto change) {
    WhatifQuestion asked = question();
    change(asked);
    const auto answer = whatif(asked);
    EXPECT_FALSE(answer.has_value());
    return answer.has_value() ? "" : answer.error().field;
  };
  EXPECT_EQ(field_of([](auto& q) { q.local_share = 1.1; }), "local-share");
  EXPECT_EQ(field_of([](auto& q) { q.machine.utilisation = 0; }), "utilisation");
  EXPECT_EQ(field_of([](auto& q) { q.machine.years = -1; }), "years");
  EXPECT_EQ(field_of([](auto& q) { q.machine.answer_rate = std::nan(""); }), "answer-rate");
  EXPECT_EQ(field_of([](auto& q) { q.machine.price = INFINITY; }), "machine-price");
  EXPECT_EQ(field_of([](auto& q) {
              q.days = 1e-9;
              q.machine.answer_rate = 0.001;
            }),
            "answer-rate");
  WhatifQuestion unpriced = question();
  ASSERT_TRUE(unpriced.work.add({.input = 5}, 1, prices(), "p", "nobody"));
  EXPECT_THAT(whatif(unpriced).error().message, HasSubstr("1 of 1001 requests have no price"));
  WhatifQuestion free;
  ASSERT_TRUE(free.work.add({.input = 5}, 1, prices(), "e", "free"));
  EXPECT_THAT(whatif(free).error().message, HasSubstr("nothing to save"));
  EXPECT_FALSE(whatif(WhatifQuestion{}).has_value());
  EXPECT_THAT(question().work.add({.input = 5}, 1, prices(), "e", "euro").error().message,
              HasSubstr("EUR"));
  EXPECT_EQ(question().work.add({.input = UINT64_MAX}, 1, prices(), "p", "m").error().code,
            ErrorCode::TooLarge);
}

TEST(WhatifInput, ReadsTheFieldsCommonNames) {
  const char* texts[] = {
      "prompt_tokens,cached_tokens,completion_tokens\n100,40,7\n",
      "input_tokens,input_cached_tokens,output_tokens,num_model_requests,other\n200,80,14,2,x\n",
      "{\"prompt_tokens\":100,\"cached_tokens\":40,\"completion_tokens\":7}\n",
      R"({"id":"x","usage":{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":40}}})",
      R"({"usage":{"input_tokens":60,"cache_read_input_tokens":40,"cache_creation_input_tokens":0,"output_tokens":7}})",
  };
  for (const char* text : texts) {
    const auto work = read_whatif_requests(text, "test", prices(), "p", "m");
    ASSERT_TRUE(work.has_value()) << text << work.error().to_string();
    EXPECT_EQ(work->tokens.input, 60U * work->requests) << text;
    EXPECT_EQ(work->tokens.cached_input, 40U * work->requests) << text;
    EXPECT_EQ(work->tokens.output, 7U * work->requests) << text;
  }
}

TEST(WhatifInput, EachPromptHasThePriceOfItsLength) {
  const auto work = read_whatif_requests("prompt_tokens,completion_tokens\n1000,0\n1001,0\n",
                                         "test", prices(), "p", "m");
  EXPECT_EQ(work->cloud_nano, 1000 * 2000 + 1001 * 4000);
}

TEST(WhatifInput, NamesTheRowThatIsWrong) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"", "is empty"},
      {"prompt_tokens\n5\n", "row 1 has no completion_tokens"},
      {"completion_tokens\n5\n", "row 1 has no prompt_tokens"},
      {"prompt_tokens,completion_tokens\n5,6\n5,-6\n", "row 2, column completion_tokens"},
      {"prompt_tokens,completion_tokens\n5,6.5\n", "row 1, column completion_tokens"},
      {"prompt_tokens,completion_tokens\n5\n", "test"},
      {"prompt_tokens,completion_tokens\n99999999999999999,1\n", "row 1, column prompt_tokens"},
      {"prompt_tokens,completion_tokens,cached_tokens\n5,6,7\n", "more cached tokens"},
      {"prompt_tokens,completion_tokens,requests\n5,6,0\n", "0 requests"},
      {"{\"prompt_tokens\":5,\"completion_tokens\":1}\n{\"x\":1}", "line 2 has no prompt_tokens"},
      {"{\"prompt_tokens\":-5,\"completion_tokens\":1}", "line 1, \"prompt_tokens\""},
      {"{\"prompt_tokens\":\"5\",\"completion_tokens\":1}", "line 1, \"prompt_tokens\""},
      {"{\"prompt_tokens\":", "line 1 is not valid JSON"},
  };
  for (const auto& each : cases) {
    const auto work = read_whatif_requests(each.text, "test", prices(), "p", "m");
    ASSERT_FALSE(work.has_value()) << each.text;
    EXPECT_THAT(work.error().to_string(), HasSubstr(each.expected)) << each.text;
  }
}

}  // namespace
}  // namespace croft
