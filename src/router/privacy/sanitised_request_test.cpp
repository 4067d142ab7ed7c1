// Goal: nothing personal leaves unless the route says so, and what could not be looked through
// counts as personal. Method: planted values in every field of real request shapes; each mode with
// each verdict; the compiler's own answer on who can make a SanitisedRequest.
#include "router/privacy/sanitised_request.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "router/privacy/pseudonyms/pseudonym_map.h"

namespace croft::privacy {
namespace {

using enum EntityType;

// Only sanitise() makes one: not from a body, not from nothing, not from another one.
static_assert(!std::is_default_constructible_v<SanitisedRequest>);
static_assert(!std::is_constructible_v<SanitisedRequest, json::object>);
static_assert(!std::is_constructible_v<SanitisedRequest, json::object, PrivacyMode>);
static_assert(!std::is_convertible_v<json::object, SanitisedRequest>);
static_assert(!std::is_aggregate_v<SanitisedRequest>);
static_assert(!std::is_copy_constructible_v<SanitisedRequest>);
static_assert(!std::is_copy_assignable_v<SanitisedRequest>);
static_assert(std::is_nothrow_move_constructible_v<SanitisedRequest>);
static_assert(std::is_final_v<SanitisedRequest>);

json::object parsed(std::string_view text) {
  return parse_json(text, "test").value().as_object();
}

Sensitivity scan(const json::object& body, ScanLimits limits = {}) {
  FindScratch scratch;
  return scan_request(body, gated_entities(), limits, scratch);
}

Sensitivity scan(std::string_view body) {
  return scan(parsed(body));
}

constexpr std::string_view kClean =
    R"({"model":"m","messages":[{"role":"user","content":"Hello"}]})";

Result<SanitisedRequest> let_through(std::string_view body, PrivacyPolicy policy) {
  FindScratch scratch;
  PseudonymMap pseudonyms(conversation_key({}));
  const json::object object = parsed(body);
  const Sensitivity earlier = scan_request(object, policy.gated, policy.limits, scratch);
  return sanitise(object, policy, earlier, scratch, &pseudonyms);
}

TEST(Sensitivity, LooksIntoEveryField) {
  // @ stands for the planted value.
  for (
      const std::string_view shape : {
          R"({"messages":[{"role":"system","content":"@"}]})",
          R"({"messages":[{"role":"user","content":"@"}]})",
          R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi @"}]}]})",
          R"({"messages":[{"role":"user","name":"@","content":"x"}]})",
          R"({"messages":[{"role":"tool","tool_call_id":"1","content":"{\"mail\":\"@\"}"}]})",
          R"({"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"to\":\"@\"}"}}]}]})",
          R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"a\":\"x\\n@\"}"}}]}]})",
          R"({"tools":[{"type":"function","function":{"name":"f","description":"mail @","parameters":{"type":"object"}}}]})",
          R"({"tools":[{"function":{"parameters":{"properties":{"a":{"enum":["x","@"]}}}}}]})",
          R"({"system":"@","messages":[]})",
          R"({"system":[{"type":"text","text":"@"}]})",
          R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"@"}]}]}]})",
          R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"to":"@"}}]}]})",
          R"({"metadata":{"user_id":"@"}})",
          R"({"user":"@"})",
          R"({"stop":["@"]})",
          R"({"prompt":"@"})",
          R"({"prompt":["x","@"]})",
          R"({"input":[{"content":"@"}]})",
          R"({"response_format":{"json_schema":{"schema":{"const":"@"}}}})",
          R"({"something_new":{"deep":[[[{"er":"@"}]]]}})",
          R"({"@":1})",
          R"({"logit_bias":{"@":1}})",
      })
    for (const std::string_view planted :
         {"jane.doe@example.com", "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE"}) {
      std::string body(shape);
      for (std::size_t at = body.find('@'); at != std::string::npos;
           at = body.find('@', at + planted.size()))
        body.replace(at, 1, planted);
      const Sensitivity found = scan(body);
      EXPECT_EQ(found.verdict, Verdict::Found) << body;
      EXPECT_EQ(found.found().count(), 1u) << body << found.summary();
    }
}

TEST(Sensitivity, UndoesEscapesOfJsonInJson) {
  EXPECT_EQ(scan(R"({"arguments":"{\"to\":\"jane\\u0040example.com\"}"})").count(EmailAddress), 1u);
  EXPECT_EQ(scan(R"({"arguments":"{\"card\":\"4111\\u00201111\\u00201111\\u00201111\"}"})")
                .count(CreditCard),
            1u);
  EXPECT_EQ(scan(R"({"content":"\"{\\\"to\\\":\\\"jane\\\\u0040example.com\\\"}\""})")
                .count(EmailAddress),
            1u);
  // The second of two equal names wins in a parser; both are sent.
  EXPECT_EQ(
      scan(R"({"arguments":"{\"a\":\"\\u006aane@example.com\",\"a\":\"x\"}"})").count(EmailAddress),
      1u);
  // Broken JSON is looked through as well.
  EXPECT_EQ(scan(R"({"arguments":"{\"a\":\"jane\\u0040example.com"})").count(EmailAddress), 1u);
}

TEST(Sensitivity, AnEndOfEscapesThatIsNotReachedIsUnknown) {
  std::string text = "x\\n";
  for (int i = 0; i < 6; ++i) text = json::serialize(json::value(text));
  const Sensitivity found = scan(json::object{{"content", text}});
  EXPECT_EQ(found.verdict, Verdict::Unknown);
  EXPECT_FALSE(found.only_media);
}

TEST(Sensitivity, ReadsNamesAndNumbers) {
  EXPECT_EQ(scan(R"({"metadata":{"ssn":"078051120"}})").count(UsSsn), 1u);
  EXPECT_EQ(scan(R"({"metadata":{"ssn":78051120}})").verdict, Verdict::None);
  EXPECT_EQ(scan(R"({"metadata":{"ssn":178051120}})").count(UsSsn), 1u);
  EXPECT_EQ(scan(R"({"metadata":{"a":4111111111111111}})").count(CreditCard), 1u);
  EXPECT_EQ(scan(R"({"metadata":{"a":4111111111111111.0}})").count(CreditCard), 1u);
  EXPECT_EQ(scan(R"({"metadata":{"password":"hunter22"}})").verdict, Verdict::Found);
  EXPECT_EQ(scan(R"({"max_tokens":4096,"seed":123456789,"temperature":0.7,"top_p":1e300})").verdict,
            Verdict::None);
}

// "claude" is a given name: routes and models that are called so must not stop every request.
TEST(Sensitivity, ModelsAreNoPeople) {
  for (const char* model : {"claude-sonnet-4-5", "croft/a", "Alibaba/Qwen", "max"})
    EXPECT_EQ(
        scan(json::object{
                 {"model", model},
                 {"max_completion_tokens", 16},
                 {"messages", json::array{json::object{{"role", "user"}, {"content", "Hello"}}}}})
            .verdict,
        Verdict::None)
        << model;
  for (const char* name : {"model", "role", "type"}) {
    EXPECT_EQ(scan(json::object{{name, "Maria Lindqvist"}}).count(Person), 1u) << name;
    EXPECT_EQ(scan(json::object{{name, "a@example.com"}}).count(EmailAddress), 1u) << name;
  }
  FindScratch scratch;
  (void)scan_request(parsed(R"({"model":"claude"})"), gated_entities(), {}, scratch);
  EXPECT_FALSE(scratch.without_names);
}

TEST(Sensitivity, CountsAndNeverNamesValues) {
  const Sensitivity found = scan(
      R"({"messages":[{"content":"a@example.com 4111111111111111"},{"content":"b@example.com"}]})");
  EXPECT_EQ(found.summary(), "2 EMAIL_ADDRESS, 1 CREDIT_CARD");
}

TEST(Sensitivity, FailsClosedOverItsLimits) {
  const json::object body = parsed(kClean);
  EXPECT_EQ(scan(body).verdict, Verdict::None);
  EXPECT_EQ(scan(body, {.bytes_max = 4}).verdict, Verdict::Unknown);
  EXPECT_EQ(scan(body, {.time_max = std::chrono::microseconds(-1)}).verdict, Verdict::Unknown);
  const json::object long_body{{"prompt", std::string(2 << 20, 'x')}};
  EXPECT_EQ(scan(long_body).verdict, Verdict::Unknown);
  EXPECT_EQ(scan(long_body, {.bytes_max = 4 << 20, .time_max = std::chrono::hours(1)}).verdict,
            Verdict::None);
  EXPECT_NE(scan(long_body).unknown_reason, "");
}

TEST(Sensitivity, PicturesAreUnknown) {
  const Sensitivity picture = scan(
      R"({"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]})");
  EXPECT_EQ(picture.verdict, Verdict::Unknown);
  EXPECT_TRUE(picture.only_media);
  const Sensitivity both = scan(
      R"({"messages":[{"content":[{"type":"image"},{"type":"text","text":"a@example.com"}]}]})");
  EXPECT_EQ(both.verdict, Verdict::Unknown);
  EXPECT_EQ(both.count(EmailAddress), 1u);
}

TEST(Sensitivity, WebAddressesAndDatesAloneDoNotGate) {
  const Sensitivity found = scan(R"({"content":"born on 2/8/1935, see https://example.com"})");
  EXPECT_EQ(found.verdict, Verdict::None);
  EXPECT_EQ(found.count(Url), 1u);
  EXPECT_EQ(found.count(DateTime), 1u);
}

TEST(SanitisedRequestTest, ModesAndVerdicts) {
  struct Row {
    std::string_view body;
    PrivacyMode mode;
    bool allow_secrets;
    bool leaves;
    PrivacyDecision decision;
  };
  constexpr std::string_view kMail = R"({"content":"a@example.com"})";
  constexpr std::string_view kKey = R"({"content":"AKIAIOSFODNN7EXAMPLE"})";
  constexpr std::string_view kPicture = R"({"content":[{"type":"image"}]})";
  using enum PrivacyMode;
  using enum PrivacyDecision;
  for (const Row& row : {
           Row{kClean, LocalOnly, false, true, MayLeave},
           Row{kClean, Block, false, true, MayLeave},
           Row{kClean, Allow, false, true, MayLeave},
           Row{kMail, LocalOnly, false, false, StayLocal},
           Row{kMail, LocalOnly, true, false, StayLocal},
           Row{kMail, Block, false, false, Refuse},
           Row{kMail, Allow, false, true, MayLeave},
           Row{kKey, LocalOnly, true, false, StayLocal},
           Row{kKey, Block, true, false, Refuse},
           Row{kKey, Allow, false, false, StayLocal},
           Row{kKey, Allow, true, true, MayLeave},
           Row{kClean, Pseudonymise, false, true, MayLeave},
           Row{kPicture, Pseudonymise, false, false, StayLocal},
           Row{kPicture, LocalOnly, false, false, StayLocal},
           Row{kPicture, Block, false, false, Refuse},
           Row{kPicture, Allow, false, true, MayLeave},
       }) {
    const PrivacyPolicy policy{.mode = row.mode, .allow_secrets = row.allow_secrets, .limits = {}};
    const auto request = let_through(row.body, policy);
    EXPECT_EQ(request.has_value(), row.leaves) << row.body << privacy_mode_name(row.mode);
    EXPECT_EQ(decide_privacy(policy, scan(row.body)), row.decision) << row.body;
    if (request) {
      EXPECT_EQ(request->body(), parsed(row.body));
      EXPECT_EQ(request->mode(), row.mode);
    } else {
      EXPECT_EQ(request.error().code, ErrorCode::Forbidden);
      EXPECT_EQ(request.error().to_string().find("a@example.com"), std::string::npos);
      EXPECT_EQ(request.error().to_string().find("AKIA"), std::string::npos);
      EXPECT_FALSE(request.error().hint.empty());
    }
  }
}

TEST(SanitisedRequestTest, TheErrorNamesTypesAndCounts) {
  const auto request = let_through(R"({"content":"a@example.com b@example.com 4111111111111111"})",
                                   {.mode = PrivacyMode::Block, .limits = {}});
  ASSERT_FALSE(request.has_value());
  EXPECT_NE(request.error().message.find("2 EMAIL_ADDRESS, 1 CREDIT_CARD"), std::string::npos)
      << request.error().message;
}

TEST(SanitisedRequestTest, P12_AnEarlierVerdictBinds) {
  FindScratch scratch;
  const Sensitivity unknown;  // as it is where no detector ran
  for (const PrivacyMode mode : {PrivacyMode::LocalOnly, PrivacyMode::Block, PrivacyMode::Allow})
    EXPECT_FALSE(sanitise(parsed(kClean), {.mode = mode, .limits = {}}, unknown, scratch));
  const Sensitivity found = scan(R"({"content":"a@example.com"})");
  EXPECT_FALSE(sanitise(parsed(kClean), {.limits = {}}, found, scratch));
}

TEST(SanitisedRequestTest, WhatIsSentIsLookedThroughAgain) {
  FindScratch scratch;
  const Sensitivity clean = scan(kClean);
  EXPECT_FALSE(sanitise(parsed(R"({"content":"a@example.com"})"), {.limits = {}}, clean, scratch));
  EXPECT_TRUE(sanitise(parsed(kClean), {.limits = {}}, clean, scratch));
}

TEST(SanitisedRequestTest, ANarrowerGateStillStopsSecrets) {
  PrivacyPolicy policy{.mode = PrivacyMode::Block, .limits = {}};
  policy.gated = EntitySet{};
  EXPECT_TRUE(let_through(R"({"content":"a@example.com"})", policy).has_value());
  EXPECT_FALSE(let_through(R"({"content":"AKIAIOSFODNN7EXAMPLE"})", policy).has_value());
}

TEST(SanitisedRequestTest, ModesHaveNames) {
  for (const PrivacyMode mode :
       {PrivacyMode::LocalOnly, PrivacyMode::Block, PrivacyMode::Pseudonymise, PrivacyMode::Allow})
    EXPECT_EQ(parse_privacy_mode(privacy_mode_name(mode)).value(), mode);
  EXPECT_EQ(parse_privacy_mode("open").error().code, ErrorCode::InvalidArgument);
}

TEST(ScanRequest, WordsOfProgramsAreNobodysNames) {
  const Sensitivity clean = scan(
      R"({"model":"m","messages":[{"role":"user","content":"Hello"}],"max_tokens":16,
          "max_completion_tokens":9,"frequency_penalty":0.5,"parallel_tool_calls":true,
          "stream_options":{"include_usage":true},"service_tier":"auto","tools":[{"type":"function",
          "function":{"name":"jordan_lookup","description":"Finds an order","parameters":{
          "type":"object","properties":{"max_results":{"type":"integer"},"georgia_id":{"type":
          "string"},"grace.period":{"type":"integer"}},"required":["max_results"]}}}]})");
  EXPECT_EQ(clean.verdict, Verdict::None) << clean.summary();
  // A name as a member's name is found all the same.
  EXPECT_EQ(scan(R"({"model":"m","metadata":{"Jane Miller":1}})")
                .counts[static_cast<std::size_t>(Person)],
            1u);
  EXPECT_EQ(scan(R"({"model":"m","metadata":{"jane.miller@acme-corp.de":1}})").verdict,
            Verdict::Found);
}

TEST(ScanRequest, ALookThatWasTakenIsNotTakenAgainForFewerTypes) {
  const std::string text(100, 'a');
  const json::object body{{"content", text}};
  const Sensitivity earlier = scan(body);
  ASSERT_NE(earlier.clean, nullptr);
  EXPECT_TRUE(earlier.clean->contains(text, gated_entities()));
  EXPECT_TRUE(earlier.clean->contains(text, secret_entities()));
  EXPECT_FALSE(earlier.clean->contains(text, all_entities())) << "nobody looked for places";
  EXPECT_FALSE(earlier.clean->contains(text + "b", gated_entities()));
  // What something was found in is looked through again, whatever is asked.
  const std::string found = text + " jane.miller@acme-corp.de";
  EXPECT_FALSE(scan({{"content", found}}).clean->contains(found, gated_entities()));
  FindScratch scratch;
  EXPECT_EQ(scan_request({{"content", found}}, gated_entities(), {}, scratch, earlier.clean.get())
                .verdict,
            Verdict::Found);
}

TEST(ScanRequest, SecretsAreFoundWithoutTheTagger) {
  FindScratch scratch;
  const json::object body{
      {"content", "Jane Miller has AKIAIOSFODNN7EXAMPLE and 4111 1111 1111 1111"}};
  const Sensitivity secrets = scan_request(body, secret_entities(), {}, scratch);
  EXPECT_EQ(secrets.count(Person), 0u);
  EXPECT_TRUE(secrets.found().any());
  EXPECT_EQ(scan_request(body, gated_entities(), {}, scratch).count(Person), 1u);
}

}  // namespace
}  // namespace croft::privacy
