// Goal: every condition holds, does not hold, and says unknown where its signal is missing, also
// under any, all and not. Method: a table of conditions as the file has them against signals.
#include "router/policy/condition.h"

#include <gtest/gtest.h>

#include "router/policy/config_keys.h"
#include "router/policy/decide.h"
#include "router/policy/test_config.h"

namespace croft {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 2> kEntities = {"IBAN_CODE", "PHONE_NUMBER"};

struct Case {
  std::string_view when;  ///< YAML of the table `when`
  Holds holds;
  void (*change)(GateSignals&) = [](GateSignals&) {};
  WallClock now = {};
};

constexpr Holds Yes = Holds::Yes;
constexpr Holds No = Holds::No;
constexpr Holds Unknown = Holds::Unknown;

// Signals to begin with: text "Please REFUND me", 16 bytes; everything optional is missing.
const Case kCases[] = {
    {"{intent: refund}", Yes, [](GateSignals& s) { s.intent = {{"refund", 0.9}}; }},
    {"{intent: [order, refund]}", Yes, [](GateSignals& s) { s.intent = {{"refund", 0.9}}; }},
    {"{intent: order}", No, [](GateSignals& s) { s.intent = {{"refund", 0.9}}; }},
    {"{intent: order}", No, [](GateSignals& s) { s.intent = {{"", 0.1}}; }},
    {"{intent: order}", Unknown},
    {"{intent: [order, unknown]}", Yes},
    {"{intent: unknown}", No, [](GateSignals& s) { s.intent = {{"refund", 0.9}}; }},
    {"{intent_below: 0.5}", Yes, [](GateSignals& s) { s.intent = {{"refund", 0.49}}; }},
    {"{intent_below: 0.5}", No, [](GateSignals& s) { s.intent = {{"refund", 0.5}}; }},
    {"{intent_below: 0.5}", Unknown},
    {"{no_intent_signal: true}", Yes, [](GateSignals& s) { s.intent = {{"", 0.1}}; }},
    {"{no_intent_signal: true}", No, [](GateSignals& s) { s.intent = {{"refund", 0.1}}; }},
    {"{no_intent_signal: false}", Yes, [](GateSignals& s) { s.intent = {{"refund", 0.1}}; }},
    {"{no_intent_signal: true}", Unknown},
    {"{sensitivity: any}", Unknown},
    {"{sensitivity: none}", Unknown},
    {"{sensitivity: unknown}", Yes},
    {"{sensitivity: [any, unknown]}", Yes},
    {"{sensitivity: none}", Yes, [](GateSignals& s) { s.sensitivity = SensitivitySignal::None; }},
    {"{sensitivity: any}", No, [](GateSignals& s) { s.sensitivity = SensitivitySignal::None; }},
    {"{sensitivity: unknown}", No, [](GateSignals& s) { s.sensitivity = SensitivitySignal::None; }},
    {"{sensitivity: any}", Yes,
     [](GateSignals& s) {
       s.sensitivity = SensitivitySignal::Found;
       s.entities = kEntities;
     }},
    {"{sensitivity: IBAN_CODE}", Yes,
     [](GateSignals& s) {
       s.sensitivity = SensitivitySignal::Found;
       s.entities = kEntities;
     }},
    {"{sensitivity: [US_SSN, none]}", No,
     [](GateSignals& s) {
       s.sensitivity = SensitivitySignal::Found;
       s.entities = kEntities;
     }},
    {"{characters_min: 14}", Yes},
    {"{characters_min: 15}", No},
    {"{characters_max: 14}", Yes},
    {"{characters_max: 13}", No},
    {"{bytes_min: 16}", Yes},
    {"{bytes_min: 17}", No},
    {"{bytes_max: 16}", Yes},
    {"{bytes_max: 15}", No},
    {"{total_bytes_min: 40}", Yes},
    {"{total_bytes_min: 41}", No},
    {"{total_bytes_max: 40}", Yes},
    {"{total_bytes_max: 39}", No},
    {"{tokens_min: 20}", Yes},
    {"{tokens_min: 21}", No},
    {"{tokens_max: 20}", Yes},
    {"{tokens_max: 19}", No},
    {"{keywords_any: [order, refund]}", Yes},
    {"{keywords_any: [order, Fund]}", Yes},
    {"{keywords_any: order}", No},
    {"{keywords_all: [refund, please]}", Yes},
    {"{keywords_all: [refund, order]}", No},
    {"{language: [en, de]}", Yes, [](GateSignals& s) { s.language = "de"; }},
    {"{language: en}", No, [](GateSignals& s) { s.language = "de"; }},
    {"{language: en}", Unknown},
    {"{language: [en, unknown]}", Yes},
    {"{tools: false}", Yes},
    {"{tools: true}", No},
    {"{tools: true}", Yes, [](GateSignals& s) { s.tools = true; }},
    {"{json: true}", Yes, [](GateSignals& s) { s.json = true; }},
    {"{json: true}", No},
    {"{images: true}", Yes, [](GateSignals& s) { s.images = true; }},
    {"{images: true}", No},
    {"{code: true}", Unknown},
    {"{code: true}", Yes, [](GateSignals& s) { s.code = true; }},
    {"{code: true}", No, [](GateSignals& s) { s.code = false; }},
    {"{deadline_below_ms: 500}", Unknown},
    {"{deadline_below_ms: 500}", Yes, [](GateSignals& s) { s.deadline = milliseconds(499); }},
    {"{deadline_below_ms: 500}", No, [](GateSignals& s) { s.deadline = milliseconds(500); }},
    {"{tenant: \"legal-*\"}", Yes, [](GateSignals& s) { s.tenant = "legal-eu"; }},
    {"{tenant: [sales, \"legal-*\"]}", No, [](GateSignals& s) { s.tenant = "marketing"; }},
    {"{tenant: sales}", Unknown},
    {"{tenant: [sales, unknown]}", Yes},
    {"{budget_left_below: 5}", Unknown},
    {"{budget_left_below: 5}", Yes, [](GateSignals& s) { s.budget_left = 4.99; }},
    {"{budget_left_below: 5}", No, [](GateSignals& s) { s.budget_left = 5.0; }},
    // Hours: Monday is day 0.
    {"{hours: \"08:00-18:00\"}", Yes, [](GateSignals&) {}, {0, 8 * 60}},
    {"{hours: \"08:00-18:00\"}", No, [](GateSignals&) {}, {0, 18 * 60}},
    {"{hours: \"08:00-18:00\"}", No, [](GateSignals&) {}, {0, 8 * 60 - 1}},
    {"{hours: \"00:00-24:00\"}", Yes, [](GateSignals&) {}, {6, 1439}},
    {"{hours: \"22:00-06:00\"}", Yes, [](GateSignals&) {}, {2, 23 * 60}},
    {"{hours: \"22:00-06:00\"}", Yes, [](GateSignals&) {}, {2, 5 * 60}},
    {"{hours: \"22:00-06:00\"}", No, [](GateSignals&) {}, {2, 6 * 60}},
    {"{days: mon-fri}", Yes, [](GateSignals&) {}, {4, 0}},
    {"{days: mon-fri}", No, [](GateSignals&) {}, {5, 0}},
    {"{days: [sat-mon, wed]}", Yes, [](GateSignals&) {}, {0, 0}},
    {"{days: [sat-mon, wed]}", No, [](GateSignals&) {}, {1, 0}},
    // The early hours of Saturday belong to Friday's night; those of Monday to Sunday's.
    {"{hours: \"22:00-06:00\", days: mon-fri}", Yes, [](GateSignals&) {}, {5, 60}},
    {"{hours: \"22:00-06:00\", days: mon-fri}", No, [](GateSignals&) {}, {5, 23 * 60}},
    {"{hours: \"22:00-06:00\", days: mon-fri}", No, [](GateSignals&) {}, {0, 60}},
    // Several: all must hold. A missing signal never passes for a no.
    {"{tools: false, tokens_min: 20}", Yes},
    {"{tools: false, tokens_min: 21}", No},
    {"{tools: false, intent: refund}", Unknown},
    {"{not: {tools: true}}", Yes},
    {"{not: {tools: false}}", No},
    {"{not: {intent: refund}}", Unknown},
    {"{not: {intent: refund, tools: true}}", Yes},
    {"{not: {not: {intent: refund}}}", Unknown},
    {"{any: [{tools: true}, {tokens_min: 20}]}", Yes},
    {"{any: [{tools: true}, {tokens_min: 21}]}", No},
    {"{any: [{tools: true}, {intent: refund}]}", Unknown},
    {"{any: [{tools: false}, {intent: refund}]}", Yes},
    {"{all: [{tools: false}, {tokens_min: 20}]}", Yes},
    {"{all: [{tools: true}, {intent: refund}]}", No},
    {"{all: [{any: [{tools: true}, {json: false}]}, {not: {images: true}}]}", Yes},
};

TEST(Condition, Table) {
  for (const Case& each : kCases) {
    const std::vector<Condition> when = [&] {
      const ParsedRouter parsed =
          parse_route_test("    {cloud: cheap, intents: x, rules: [{name: r, use: cloud, when: " +
                           std::string(each.when) + "}]}\n");
      EXPECT_NE(parsed.config, nullptr) << each.when << "\n" << all_problems(parsed);
      return parsed.config == nullptr ? std::vector<Condition>()
                                      : parsed.config->find_route("auto")->rules.front().when;
    }();
    GateSignals signals;
    signals.text = "Please REFUND me";
    signals.folded = "please refund me";
    signals.characters = 14;
    signals.total_bytes = 40;
    signals.tokens = 20;
    each.change(signals);
    Holds all = Holds::Yes;
    for (const Condition& condition : when)
      all = std::min(all, evaluate(condition, signals, each.now));
    EXPECT_EQ(all, each.holds) << each.when << " is " << holds_text(all);
  }
}

TEST(Condition, EveryKeyIsInTheTable) {
  for (const KeySpec& key : condition_keys())
    EXPECT_TRUE(std::ranges::any_of(kCases, [&](const Case& each) {
      return each.when.find(std::string(key.name) + ":") != std::string_view::npos;
    })) << key.name;
}

TEST(Condition, Globs) {
  const struct {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  } cases[] = {{"*", "", true},         {"a*", "abc", true},    {"*c", "abc", true},
               {"a*c", "abc", true},    {"a*d", "abc", false},  {"a?c", "abc", true},
               {"a?c", "ac", false},    {"**b**", "abc", true}, {"", "", true},
               {"", "a", false},        {"abc", "ab", false},   {"a*b*c", "aXbXbc", true},
               {"a*b*c", "acb", false}, {"?", "", false}};
  for (const auto& each : cases)
    EXPECT_EQ(glob_matches(each.pattern, each.text), each.matches)
        << each.pattern << " " << each.text;
}

}  // namespace
}  // namespace croft
