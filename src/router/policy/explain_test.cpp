// Goal: a trace says what was decided and why, the dry run counts right and wrong, signals are read
// from every form of a request, and assumed ones replace them. Method: tables; JSON compared by
// member.
#include "router/policy/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/policy/assume.h"
#include "router/policy/read_signals.h"
#include "router/policy/test_config.h"

namespace croft {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRoute =
    "    {local: tiny, cloud: [dear, cheap], default: local, rules: [{name: long, use: cloud, "
    "when: "
    "{tokens_min: 50, not: {language: de}}}, {name: jump, use: other, when: {tools: true}}]}\n";

GateSignals signals_of(std::size_t tokens) {
  GateSignals signals;
  signals.tokens = tokens;
  signals.language = "en";
  signals.sensitivity = SensitivitySignal::None;
  return signals;
}

TEST(Explain, TraceHasEveryRuleAndCondition) {
  const ParsedRouter parsed = parse_route_test(kRoute);
  ASSERT_NE(parsed.config, nullptr) << all_problems(parsed);
  GateSignals signals = signals_of(10);
  signals.tools = true;
  RouteDecision decision;
  decide(*parsed.config, *parsed.config->find_route("auto"), signals, {}, decision);
  const json::object trace = decision_json(*parsed.config, decision, signals, {});
  EXPECT_EQ(trace.at("route").as_string(), "auto");
  EXPECT_EQ(trace.at("decided_in").as_string(), "other");
  EXPECT_EQ(trace.at("rule").as_string(), "default");
  EXPECT_EQ(trace.at("mode").as_string(), "refuse");
  EXPECT_EQ(trace.at("dropped").as_array()[0].at("reason").as_string(), "no_tools");
  const json::array& rules = trace.at("rules").as_array();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_FALSE(rules[0].at("matched").as_bool());
  EXPECT_TRUE(rules[1].at("matched").as_bool());
  const json::array& conditions = rules[0].at("conditions").as_array();
  EXPECT_EQ(json::serialize(conditions[0]),
            R"({"condition":"tokens_min","value":"50","holds":"no"})");
  EXPECT_EQ(conditions[1].at("conditions").as_array()[0].at("holds").as_string(), "no");
  const std::string text = decision_text(*parsed.config, decision, signals, {});
  EXPECT_THAT(text, HasSubstr("rule 'long' (test.toml:13): did not match\n"));
  EXPECT_THAT(text, HasSubstr("  tokens_min = 50: no\n"));
  EXPECT_THAT(text, HasSubstr("left out bare: no_tools"));
}

TEST(DryRun, CountsByModeCandidateAndRule) {
  const ParsedRouter parsed = parse_route_test(kRoute);
  ASSERT_NE(parsed.config, nullptr) << all_problems(parsed);
  const RouteConfig& route = *parsed.config->find_route("auto");
  const std::vector<DryRunRow> rows = {
      {"line 1", signals_of(100), "cloud"}, {"line 2", signals_of(10), "cloud"},
      {"line 3", signals_of(100), "cheap"}, {"line 4", signals_of(10), "default"},
      {"line 5", signals_of(100), "dear"},  {"line 6", signals_of(10), ""}};
  const auto result = dry_run(*parsed.config, route, rows, {});
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->at("labelled").to_number<int>(), 5);
  EXPECT_EQ(result->at("right").to_number<int>(), 3);
  EXPECT_DOUBLE_EQ(result->at("accuracy").as_double(), 0.6);
  EXPECT_EQ(json::serialize(result->at("confusion").at("labels")),
            R"(["cloud","local","cheap","default","dear"])");
  EXPECT_EQ(json::serialize(result->at("confusion").at("counts")),
            "[[1,1,0,0,0],[0,0,0,0,0],[0,0,1,0,0],[0,0,0,1,0],[0,0,1,0,0]]");
  EXPECT_FALSE(result->at("rows").as_array()[5].as_object().contains("right"));
}

TEST(DryRun, RefusesWhatItCannotCompare) {
  const ParsedRouter parsed = parse_route_test(kRoute);
  ASSERT_NE(parsed.config, nullptr);
  const RouteConfig& route = *parsed.config->find_route("auto");
  const auto unknown = dry_run(*parsed.config, route, {{"line 7", signals_of(1), "chaep"}}, {});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(unknown.error().to_string(),
              HasSubstr("line 7 expects 'chaep', which is no mode, candidate or rule of auto. Did "
                        "you mean cheap?"));
  const std::vector<DryRunRow> many(dry_run_rows_max + 1, {"x", signals_of(1), ""});
  EXPECT_EQ(dry_run(*parsed.config, route, many, {}).error().code, ErrorCode::TooLarge);
}

struct Body {
  std::string_view json;
  std::string_view text;
  std::size_t total_bytes;
  bool tools = false;
  bool asks_json = false;
  bool images = false;
};

TEST(ReadSignals, EveryFormOfARequest) {
  const Body cases[] = {
      {R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":"hällo"}]})",
       "hällo", 8},
      {R"({"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"role":"user","content":"four"}]})",
       "four", 10},
      {R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]})",
       "a\nb", 2, false, false, true},
      {R"({"system":[{"type":"text","text":"sys"}],"messages":[{"role":"user","content":"q"}]})",
       "q", 4},
      // A tool's result is a user turn of Anthropic's: the question stays.
      {R"({"messages":[{"role":"user","content":"q"},{"role":"user","content":[{"type":"tool_result","content":"r"}]}]})",
       "q", 1 + 36, true},
      {R"({"prompt":"once"})", "once", 4},
      {R"({"input":"say"})", "say", 3},
      {R"({"input":[{"role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image"}]}]})",
       "see", 3, false, false, true},
      {R"({"input":["one",{"type":"input_text","text":"two"}]})", "one\ntwo", 6},
      {R"({"prompt":["one",{"two":"x"},"three"]})", "one\nthree", 8},
      {R"({"prompt":"no","messages":[{"role":"user","content":"yes"}],"input":"no"})", "yes", 7},
      {R"({"messages":[{"role":"user","content":"x"}],"tools":[{}]})", "x", 5, true},
      {R"({"messages":[{"role":"user","content":"x"}],"tools":[]})", "x", 1},
      {R"({"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}})",
       "x", 1, false, true},
      {R"({"messages":[{"role":"user","content":"x"}],"response_format":{"type":"text"}})", "x", 1},
      {R"({"messages":[{"role":"user","content":"x"}],"format":"json"})", "x", 1, false, true},
      {R"({"messages":5,"prompt":null,"tools":"x"})", "", 0},
      {R"({})", "", 0},
  };
  SignalScratch scratch;
  for (const Body& each : cases) {
    const json::value body = json::parse(each.json);
    const GateSignals signals = read_signals(body.get_object(), {}, scratch);
    EXPECT_EQ(signals.text, each.text) << each.json;
    EXPECT_EQ(signals.total_bytes, each.total_bytes) << each.json;
    EXPECT_EQ(signals.tools, each.tools) << each.json;
    EXPECT_EQ(signals.json, each.asks_json) << each.json;
    EXPECT_EQ(signals.images, each.images) << each.json;
    EXPECT_GT(signals.tokens, signals.total_bytes / 4);
    EXPECT_EQ(signals.sensitivity, SensitivitySignal::Unknown) << "no gate was asked";
    EXPECT_FALSE(signals.intent || signals.language || signals.code);
  }
  const json::value body = json::parse(R"({"prompt":"hällo","max_tokens":7})");
  const GateSignals signals = read_signals(body.get_object(), {}, scratch);
  EXPECT_EQ(signals.characters, 5U);
  EXPECT_EQ(signals.answer_tokens, 7U);
  const json::value loud = json::parse(R"({"prompt":"CAFÉ"})");
  EXPECT_EQ(read_signals(loud.get_object(), {}, scratch).folded, "cafÉ");
}

TEST(Assume, ReplacesSignals) {
  AssumedSignals assumed;
  for (const char* each :
       {"intent=refund:0.25", "sensitivity=IBAN_CODE,US_SSN", "language=de", "code=true",
        "tokens=9", "answer_tokens=8", "deadline_ms=7", "budget_left=0.5", "draw=3"})
    EXPECT_TRUE(assumed.add(each).has_value()) << each;
  GateSignals signals;
  assumed.apply(signals);
  EXPECT_EQ(signals.intent->label, "refund");
  EXPECT_DOUBLE_EQ(signals.intent->probability, 0.25);
  EXPECT_EQ(signals.sensitivity, SensitivitySignal::Found);
  ASSERT_EQ(signals.entities.size(), 2U);
  EXPECT_EQ(signals.entities[1], "US_SSN");
  EXPECT_EQ(signals.language, "de");
  EXPECT_EQ(signals.code, true);
  EXPECT_EQ(signals.tokens, 9U);
  EXPECT_EQ(signals.answer_tokens, 8U);
  EXPECT_EQ(signals.deadline->count(), 7);
  EXPECT_DOUBLE_EQ(*signals.budget_left, 0.5);
  EXPECT_EQ(signals.draw, 3U);
  AssumedSignals none;
  ASSERT_TRUE(none.add("intent=none").has_value());
  ASSERT_TRUE(none.add("sensitivity=none").has_value());
  GateSignals clean;
  none.apply(clean);
  EXPECT_TRUE(clean.intent->label.empty());
  EXPECT_EQ(clean.sensitivity, SensitivitySignal::None);
}

TEST(Assume, RefusesWhatIsNone) {
  for (const char* each : {"", "intent", "intent=", "intent=:0.5", "intent=x:2", "intent=x:nan",
                           "sensitivity=", "language=", "code=1", "tokens=-1", "tokens=x",
                           "budget_left=inf", "budget=1", "=x"}) {
    AssumedSignals assumed;
    const auto added = assumed.add(each);
    ASSERT_FALSE(added.has_value()) << each;
    EXPECT_EQ(added.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace croft
