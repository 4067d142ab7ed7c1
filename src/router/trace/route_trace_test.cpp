// Goal: a trace is shown whole and truthfully: costs are known or said not to be, headers are
// harmless, and no text of strangers gets out. Method: golden JSON, tables, hostile strings.
#include "router/trace/route_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "router/trace/test_trace.h"
#include "router/trace/trace_text.h"
#include "text/utf8.h"

namespace croft {
namespace {

using testing::ElementsAre;
using testing::Not;
using testing::Pair;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr std::string_view golden = R"({
  "request_id": "req_1",
  "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
  "requested_model": "croft/auto",
  "route": "support",
  "rule": "intent-billing",
  "reason": "confidence 0.42 below 0.80 after 16 tokens",
  "final_model": "gpt-4o",
  "gates": [{"gate": "intent", "outcome": "billing", "microseconds": 12.5},
            {"gate": "language", "outcome": "no_signal", "microseconds": 3.5}],
  "candidates": [{"model": "smollm2:135m", "skipped": null},
                 {"model": "qwen2.5:1.5b", "skipped": "context_too_small"},
                 {"model": "gpt-4o", "skipped": null}],
  "confidence": [{"point": "prefill", "token": 0, "probability": 0.75, "threshold": 0.5,
                  "decision": "go_on"},
                 {"point": "tokens", "token": 16, "probability": 0.42, "threshold": 0.8,
                  "decision": "escalate"}],
  "attempts": [
    {"provider": "local", "model": "smollm2:135m", "response_model": null, "dialect": "local",
     "started_ms": 0.5, "first_token_ms": 12.5, "ended_ms": 40.0, "status": null,
     "error": "cancelled", "retries": 0, "hedged": false, "prompt_tokens": 100,
     "cached_tokens": 64, "cache_write_tokens": null, "completion_tokens": 16,
     "estimated": false, "finish_reason": "cancelled",
     "price_per_million": {"prompt": 0.0, "cached_prompt": null, "cache_write": null,
                           "completion": 0.0},
     "cost": 0.0},
    {"provider": "cloud", "model": "gpt-4o", "response_model": "gpt-4o-2024-08-06",
     "dialect": "openai", "started_ms": 40.25, "first_token_ms": 300.25, "ended_ms": 1250.0,
     "status": 200, "error": null, "retries": 1, "hedged": true, "prompt_tokens": 1000,
     "cached_tokens": 400, "cache_write_tokens": null, "completion_tokens": 200,
     "estimated": false, "finish_reason": "stop",
     "price_per_million": {"prompt": 2.5, "cached_prompt": 1.25, "cache_write": null,
                           "completion": 10.0},
     "cost": 0.004}],
  "escalated_at_token": 16,
  "thrown_away_tokens": 16,
  "error": null,
  "ended_ms": 1250.5,
  "overhead_microseconds": 187.5,
  "cost": 0.004
})";

TEST(RouteTraceJson, IsTheGoldenOne) {
  EXPECT_EQ(json::value(trace_json(test_trace())), parse_json(golden, "golden").value());
}

TEST(RouteTraceJson, SaysNullForWhatIsNotKnown) {
  const json::value shown = trace_json(RouteTrace{});
  for (const char* key : {"route", "rule", "final_model", "escalated_at_token", "ended_ms"})
    EXPECT_TRUE(shown.at(key).is_null()) << key;
  RouteTrace odd = test_trace();
  odd.gates[0].microseconds = nan;
  odd.confidence[0].probability = {};
  odd.confidence[1].threshold = infinity;
  odd.attempts[1].started_ms = -infinity;
  const std::string text = json::serialize(trace_json(odd));
  const json::value again = parse_json(text, "trace").value();  // no NaN: it is JSON still
  EXPECT_TRUE(again.at("gates").at(0).at("microseconds").is_null());
  EXPECT_TRUE(again.at("confidence").at(0).at("probability").is_null());
}

TEST(Cost, IsKnownOrSaidNotToBe) {
  RouteTrace trace = test_trace();
  // 600 fresh at 2.5, 400 cached at 1.25 and 200 new at 10, per million.
  EXPECT_DOUBLE_EQ(std::get<double>(cost_of(trace.attempts[1])), 0.004);
  trace.attempts[1].price->cached_prompt.reset();
  EXPECT_DOUBLE_EQ(std::get<double>(cost_of(trace.attempts[1])), 0.0045);
  trace.attempts[1].cached_tokens = 5000;  // more than there were: an upstream's nonsense
  EXPECT_DOUBLE_EQ(std::get<double>(cost_of(trace.attempts[1])), 0.0045);

  trace.attempts[1].completion_tokens.reset();
  EXPECT_EQ(std::get<CostGap>(cost_of(trace)), CostGap::Unknown);
  trace.attempts[0].price.reset();
  EXPECT_EQ(std::get<CostGap>(cost_of(trace)), CostGap::Unpriced);  // never 0
  EXPECT_EQ(trace_json(trace).at("cost"), "unpriced");
  EXPECT_EQ(std::get<double>(cost_of(RouteTrace{})), 0.0);  // nobody was asked
}

TEST(TraceHeaders, SayRouteModelReasonOverheadEscalationAndCost) {
  EXPECT_THAT(trace_headers(test_trace()),
              ElementsAre(Pair("x-croft-route", "support"), Pair("x-croft-model", "gpt-4o"),
                          Pair("x-croft-reason", "confidence 0.42 below 0.80 after 16 tokens"),
                          Pair("x-croft-overhead-duration-ms", "0.188"),
                          Pair("x-croft-escalated", "true"), Pair("x-croft-cost", "0.004000000")));
}

TEST(TraceHeaders, LeaveOutWhatIsNotKnownYet) {
  RouteTrace trace = test_trace();
  trace.ended_ms.reset();
  trace.escalated_at_token.reset();
  trace.answered_by = 7;  // out of range: as if none
  trace.overhead_microseconds = nan;
  EXPECT_THAT(trace_headers(trace),
              ElementsAre(Pair("x-croft-route", "support"),
                          Pair("x-croft-reason", "confidence 0.42 below 0.80 after 16 tokens"),
                          Pair("x-croft-escalated", "false")));
  trace.ended_ms = 1.0;
  trace.attempts[0].price.reset();
  EXPECT_EQ(trace_headers(trace).back(),
            std::pair(std::string("x-croft-cost"), std::string("unpriced")));
}

TEST(TraceHeaders, AreHarmlessWhateverTheNames) {
  for (const std::string& hostile :
       {std::string("a\r\nset-cookie: b"), std::string("nul\0l", 5), std::string(5000, 'x'),
        std::string("Straße – 路由"), std::string("\xff\xfe\x80"), std::string("\x1b[31mred\x7f"),
        std::string("\xc2\x85next")}) {
    RouteTrace trace = test_trace();
    trace.route = trace.reason = trace.attempts[1].model = hostile;
    for (const auto& [name, value] : trace_headers(trace)) {
      EXPECT_LE(value.size(), 256u) << name;
      for (const char c : value) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << name << ": " << value;
    }
  }
  RouteTrace trace = test_trace();
  trace.route = "Straße";
  EXPECT_EQ(trace_headers(trace)[0].second, "Stra?e");
}

TEST(TraceText, NamesStayValidAndBounded) {
  EXPECT_EQ(trace_name("croft/auto"), "croft/auto");
  EXPECT_EQ(trace_name("a\nb\x7f\xc2\x9b"), "a?b??");
  EXPECT_TRUE(utf8::is_valid(trace_name("\xff\xc3")));
  std::string text = "x";
  for (int i = 0; i < 200; ++i) text += "路";  // 3 bytes each: 256 cuts one in two
  EXPECT_TRUE(utf8::is_valid(trace_name(text)));
  EXPECT_EQ(trace_name(text).size(), 256u);
  EXPECT_LE(trace_name(text + std::string(1 << 20, 'x')).size(), 256u);
}

TEST(TraceText, WhatAnUpstreamSaysIsNotRepeated) {
  EXPECT_EQ(trace_foreign_name("meta-llama/Llama-3.1-8B@q4:latest"),
            "meta-llama/Llama-3.1-8B@q4:latest");
  for (const std::string& text : {std::string("my account is 1234"), std::string(129, 'x'),
                                  std::string("a\nb"), std::string("naïve"), std::string("\"")})
    EXPECT_EQ(trace_foreign_name(text), "") << text;
  EXPECT_EQ(trace_finish_reason("tool_use"), "tool_use");
  EXPECT_EQ(trace_finish_reason(""), "");
  EXPECT_EQ(trace_finish_reason("the patient's name is Ann"), "other");
  EXPECT_EQ(trace_finish_reason("STOP"), "other");
}

TEST(RouteTraceJson, A3_RepeatsNoTextOfAnUpstream) {
  RouteTrace trace = test_trace();
  trace.attempts[1].response_model = "secret sentence";
  trace.attempts[1].finish_reason = "secret sentence";
  EXPECT_THAT(json::serialize(trace_json(trace)), Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace croft
