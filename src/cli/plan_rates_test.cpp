// Goal:   rates survive being written and read; a hostile document is refused, the field named;
//         --mix means what it says; one core more is extrapolated as documented.
// Method: round trips, tables of spoiled documents and texts, factors worked out by hand.
#include "cli/plan_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/plan_cores.h"
#include "cli/plan_mix.h"

namespace croft::cli {
namespace {

MachineRates rates() {
  MachineRates rates;
  rates.model = "model \"x\"";
  rates.cpu = "cpu";
  rates.isa = "avx2";
  rates.kv_type = "f16";
  rates.context = 4096;
  rates.steps = {.prompt = {{1, 0.1}, {512, 1.0 / 3}},
                 .answers = {{1, 0.1}, {3, 0.12}, {16, 0.2}},
                 .answers_depth = 28,
                 .prompt_position_s = 1e-7,
                 .answer_position_s = 2e-6,
                 .request_overhead_s = 1e-3,
                 .step_overhead_s = 1e-4};
  rates.threads = {{1, 2, 3, 4}, {2, 1, 2, 3}};
  rates.prompt_bound = {"arithmetic", 0.5};
  rates.answer_one_bound = {"bandwidth", 0.7};
  rates.answers_bound = {"arithmetic", 0.25};
  rates.weights_bytes = 98'000'000;
  rates.work_bytes = 60'000'000;
  rates.kv_page_bytes = 1'474'560;
  rates.kv_bytes_max = 8'000'000'000;
  return rates;
}

TEST(PlanRates, SurviveARoundTrip) {
  const std::string text = json::serialize(rates_json(rates()));
  const auto read = parse_rates(text, "x.json");
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(json::serialize(rates_json(*read)), text);
  EXPECT_NEAR(read->steps.prompt[1].seconds, 1.0 / 3, 1e-6);
  EXPECT_EQ(read->threads[1].answers_s, 3);
  const auto inside = parse_rates("{\"capacity\": 1, \"rates\": " + text + "}", "x.json");
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(json::serialize(rates_json(*inside)), text);
}

TEST(PlanRates, StayTheSameHoweverOftenTheyAreRead) {
  MachineRates first = rates();
  for (int i = 1; i <= 2000; ++i) {
    first.steps.prompt[1].seconds = 0.001 * std::exp(i * 0.003) * (1 + 1e-7 * i);
    const auto once = parse_rates(json::serialize(rates_json(first)), "x.json");
    ASSERT_TRUE(once.has_value());
    const auto twice = parse_rates(json::serialize(rates_json(*once)), "x.json");
    ASSERT_TRUE(twice.has_value());
    ASSERT_EQ(once->steps.prompt[1].seconds, twice->steps.prompt[1].seconds) << i;
  }
}

TEST(PlanRates, HostileOnesAreRefusedByName) {
  struct Case {
    const char* pointer;
    const char* value;  ///< JSON; null: removed
    const char* field;
  };
  const Case cases[] = {
      {"/version", "2", "version"},
      {"/model", "7", "model"},
      {"/context", "0", "context"},
      {"/context", "1.5", "context"},
      {"/context", "1e300", "context"},
      {"/prompt_steps", nullptr, "prompt_steps"},
      {"/prompt_steps", "[]", "prompt_steps"},
      {"/prompt_steps", "{}", "prompt_steps"},
      {"/prompt_steps/0", "null", "prompt_steps[0].tokens"},
      {"/prompt_steps/0/tokens", "2", "prompt"},
      {"/prompt_steps/1/tokens", "1", "prompt[1]"},
      {"/prompt_steps/1/tokens", "-5", "prompt_steps[1].tokens"},
      {"/prompt_steps/1/seconds", "-0.1", "prompt_steps[1].seconds"},
      {"/prompt_steps/1/seconds", "0", "prompt_steps[1].seconds"},
      {"/prompt_steps/1/seconds", "1e308", "prompt_steps[1].seconds"},
      {"/prompt_steps/1/seconds", "\"NaN\"", "prompt_steps[1].seconds"},
      {"/prompt_steps/1/seconds", nullptr, "prompt_steps[1].seconds"},
      {"/answer_steps/2/seconds", "1e-300", "answer_steps[2].seconds"},
      {"/answer_steps/2/sequences", "18446744073709551615", "answer_steps[2].sequences"},
      {"/answer_steps_depth", "-1", "answer_steps_depth"},
      {"/prompt_position_seconds", "2", "prompt_position_seconds"},
      {"/answer_position_seconds", nullptr, "answer_position_seconds"},
      {"/request_overhead_seconds", "-1e-9", "request_overhead_seconds"},
      {"/token_overhead_seconds", "1e9", "token_overhead_seconds"},
      {"/threads", "[1]", "threads[0].threads"},
      {"/threads/1/threads", "1", "threads[1].threads"},
      {"/threads/0/prompt_seconds", "0", "threads[0].prompt_seconds"},
      {"/bound_by", nullptr, "bound_by"},
      {"/bound_by/prompt/limit", "\"magic\"", "bound_by.prompt.limit"},
      {"/bound_by/answers/fraction", "-1", "bound_by.answers.fraction"},
      {"/memory/kv_page_bytes", "0", "memory.kv_page_bytes"},
      {"/memory/kv_bytes_max", "1e16", "memory.kv_bytes_max"},
      {"/memory/weights_bytes", "-1", "memory.weights_bytes"},
  };
  for (const Case& tested : cases) {
    json::value document = rates_json(rates());
    const std::string pointer = tested.pointer;
    if (tested.value != nullptr) {
      document.at_pointer(pointer) = json::parse(tested.value);
    } else {
      const std::size_t slash = pointer.rfind('/');
      json::value& parent = slash == 0 ? document : document.at_pointer(pointer.substr(0, slash));
      parent.get_object().erase(pointer.substr(slash + 1));
    }
    const auto read = parse_rates(json::serialize(document), "x.json");
    ASSERT_FALSE(read.has_value()) << pointer << " " << (tested.value ? tested.value : "removed");
    EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(read.error().message, testing::HasSubstr(std::string("x.json: ") + tested.field));
  }
}

TEST(PlanRates, WhatIsNoDocumentIsRefused) {
  std::string table = "[";
  for (int i = 1; i <= 65; ++i) table += (i == 1 ? "" : ",") + std::string("{\"tokens\":1}");
  json::value many = rates_json(rates());
  many.at("prompt_steps") = json::parse(table + "]");
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("NaN"),
        std::string("{\"rates\": 3}"), json::serialize(many)})
    EXPECT_FALSE(parse_rates(text, "x.json").has_value()) << text.substr(0, 40);
}

TEST(PlanMix, ReadsClasses) {
  const auto one = parse_request_class("support=60,300,120,200");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->name, "support");
  EXPECT_EQ(one->share, 60);
  EXPECT_EQ(one->prompt, 300u);
  EXPECT_EQ(one->answer, 120u);
  EXPECT_EQ(one->shared, 200u);
  EXPECT_EQ(parse_request_class("a=0.5,1,1")->shared, 0u);
  EXPECT_GE(parse_mix({})->size(), 2u);
  EXPECT_EQ(parse_mix({"a=1,2,3", "b=1,2,3"})->size(), 2u);
}

TEST(PlanMix, RefusesTheRest) {
  for (const char* text : {"",          "a",           "=1,2,3",
                           "a=",        "a=1",         "a=1,2",
                           "a=1,2,3,",  "a=1,2,3,4,5", "a=0,2,3",
                           "a=-1,2,3",  "a=nan,2,3",   "a=inf,2,3",
                           "a=1e9,2,3", "a=1,0,3",     "a=1,2,0",
                           "a=1,2.5,3", "a=1,2,3,3",   "a=1,99999999999999999999999,3",
                           "a b=1,2,3", "a\x1b=1,2,3", "a=1, 2,3",
                           "a=1,2,3x"}) {
    const auto read = parse_request_class(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().field, "mix");
    EXPECT_THAT(read.error().message, testing::HasSubstr(text));
  }
  EXPECT_FALSE(parse_mix({"a=1,2,3", "a=1,2,4"}).has_value());
  EXPECT_FALSE(parse_mix(std::vector<std::string>(33, "a=1,2,3")).has_value());
}

TEST(PlanCores, FollowAmdahl) {
  // Prompts: 1 s serial and 4 s shared out; one answer: no thread helps; answers: all shared out.
  const ThreadTimes measured[] = {{1, 5, 2, 4}, {2, 3, 2, 2}, {4, 2, 2, 1}};
  const auto gain = one_core_more(measured);
  ASSERT_TRUE(gain.has_value());
  EXPECT_NEAR(gain->high.prompt, (1 + 4.0 / 5) / 2, 1e-9);
  EXPECT_NEAR(gain->high.answer_one, 1.0, 1e-9);
  EXPECT_NEAR(gain->high.answers, 0.8, 1e-9);
  EXPECT_NEAR(gain->low.prompt, (1 + gain->high.prompt) / 2, 1e-9);
  EXPECT_EQ(gain->low.answer_one, 1.0);
  EXPECT_NEAR(gain->low.answers, 0.9, 1e-9);
}

TEST(PlanCores, NoisePromisesNothing) {
  const ThreadTimes slower[] = {{1, 1, 1, 1}, {2, 2, 2, 2}};
  EXPECT_EQ(one_core_more(slower)->high.prompt, 1.0);
  const ThreadTimes faster[] = {{1, 9, 9, 9}, {2, 1, 1, 1}};
  EXPECT_NEAR(one_core_more(faster)->high.prompt, 2.0 / 3, 1e-9) << "no more than linear";
  const ThreadTimes close[] = {{99'999, 1e-9, 1e4, 1}, {100'000, 1e4, 1e-9, 1}};
  EXPECT_EQ(one_core_more(close)->high.prompt, 1.0);
  EXPECT_EQ(one_core_more(close)->high.answer_one, 1.0);
  EXPECT_FALSE(one_core_more(std::span(slower, 1)).has_value());
  EXPECT_FALSE(one_core_more({}).has_value());
}

}  // namespace
}  // namespace croft::cli
