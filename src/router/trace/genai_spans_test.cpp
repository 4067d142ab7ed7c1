// Goal: spans say in OpenTelemetry's words what happened, times and parents hold together, and
// failures are marked where they are failures. Method: golden OTLP JSON, tables, hostile traces.
#include "router/trace/genai_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "router/trace/otlp_json.h"
#include "router/trace/test_trace.h"
#include "text/utf8.h"

namespace croft {
namespace {

using testing::HasSubstr;
using testing::Not;

const SpanValue* attribute(const TraceSpan& span, std::string_view key) {
  for (const auto& [name, value] : span.attributes)
    if (name == key) return &value;
  return nullptr;
}

constexpr std::string_view golden = R"({"resourceSpans": [{
  "resource": {"attributes": [
    {"key": "service.name", "value": {"stringValue": "croft"}},
    {"key": "service.version", "value": {"stringValue": "1.2.3"}},
    {"key": "deployment.environment.name", "value": {"stringValue": "test"}}]},
  "scopeSpans": [{
    "scope": {"name": "croft.router", "version": "1.2.3"},
    "spans": [
     {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "b7ad6b7169203331",
      "parentSpanId": "00f067aa0ba902b7", "flags": 769, "name": "chat croft/auto", "kind": 2,
      "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001250500000",
      "attributes": [
       {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
       {"key": "gen_ai.provider.name", "value": {"stringValue": "croft"}},
       {"key": "gen_ai.request.model", "value": {"stringValue": "croft/auto"}},
       {"key": "gen_ai.request.stream", "value": {"boolValue": true}},
       {"key": "gen_ai.response.model", "value": {"stringValue": "gpt-4o-2024-08-06"}},
       {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
       {"key": "gen_ai.usage.cache_read.input_tokens", "value": {"intValue": "400"}},
       {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "200"}},
       {"key": "gen_ai.response.finish_reasons",
        "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
       {"key": "gen_ai.response.time_to_first_chunk", "value": {"doubleValue": 0.30025}},
       {"key": "croft.request.id", "value": {"stringValue": "req_1"}},
       {"key": "croft.route", "value": {"stringValue": "support"}},
       {"key": "croft.rule", "value": {"stringValue": "intent-billing"}},
       {"key": "croft.reason",
        "value": {"stringValue": "confidence 0.42 below 0.80 after 16 tokens"}},
       {"key": "croft.gate.intent", "value": {"stringValue": "billing"}},
       {"key": "croft.gate.language", "value": {"stringValue": "no_signal"}},
       {"key": "croft.gates.duration_us", "value": {"doubleValue": 16}},
       {"key": "croft.candidates", "value": {"arrayValue": {"values": [
         {"stringValue": "smollm2:135m"}, {"stringValue": "gpt-4o"}]}}},
       {"key": "croft.candidates.skipped", "value": {"arrayValue": {"values": [
         {"stringValue": "qwen2.5:1.5b: context_too_small"}]}}},
       {"key": "croft.confidence.point", "value": {"stringValue": "tokens"}},
       {"key": "croft.confidence.token", "value": {"intValue": "16"}},
       {"key": "croft.confidence.probability", "value": {"doubleValue": 0.42}},
       {"key": "croft.confidence.threshold", "value": {"doubleValue": 0.8}},
       {"key": "croft.confidence.decision", "value": {"stringValue": "escalate"}},
       {"key": "croft.escalated", "value": {"boolValue": true}},
       {"key": "croft.escalated_at_token", "value": {"intValue": "16"}},
       {"key": "croft.thrown_away_tokens", "value": {"intValue": "16"}},
       {"key": "croft.overhead_us", "value": {"doubleValue": 187.5}},
       {"key": "croft.cost", "value": {"doubleValue": 0.004}},
       {"key": "http.response.status_code", "value": {"intValue": "200"}}],
      "status": {}},
     {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "1111111111111111",
      "parentSpanId": "b7ad6b7169203331", "flags": 257, "name": "chat smollm2:135m", "kind": 1,
      "startTimeUnixNano": "1700000000000500000", "endTimeUnixNano": "1700000000040000000",
      "attributes": [
       {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
       {"key": "gen_ai.provider.name", "value": {"stringValue": "croft"}},
       {"key": "gen_ai.request.model", "value": {"stringValue": "smollm2:135m"}},
       {"key": "gen_ai.request.stream", "value": {"boolValue": true}},
       {"key": "gen_ai.response.model", "value": {"stringValue": "smollm2:135m"}},
       {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "100"}},
       {"key": "gen_ai.usage.cache_read.input_tokens", "value": {"intValue": "64"}},
       {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "16"}},
       {"key": "gen_ai.response.finish_reasons",
        "value": {"arrayValue": {"values": [{"stringValue": "cancelled"}]}}},
       {"key": "gen_ai.response.time_to_first_chunk", "value": {"doubleValue": 0.012}},
       {"key": "croft.provider", "value": {"stringValue": "local"}},
       {"key": "croft.dialect", "value": {"stringValue": "local"}},
       {"key": "croft.hedged", "value": {"boolValue": false}},
       {"key": "croft.answered", "value": {"boolValue": false}},
       {"key": "croft.cost", "value": {"doubleValue": 0}}],
      "status": {}},
     {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "2222222222222222",
      "parentSpanId": "b7ad6b7169203331", "flags": 257, "name": "chat gpt-4o", "kind": 3,
      "startTimeUnixNano": "1700000000040250000", "endTimeUnixNano": "1700000001250000000",
      "attributes": [
       {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
       {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
       {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
       {"key": "gen_ai.request.stream", "value": {"boolValue": true}},
       {"key": "gen_ai.response.model", "value": {"stringValue": "gpt-4o-2024-08-06"}},
       {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
       {"key": "gen_ai.usage.cache_read.input_tokens", "value": {"intValue": "400"}},
       {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "200"}},
       {"key": "gen_ai.response.finish_reasons",
        "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
       {"key": "gen_ai.response.time_to_first_chunk", "value": {"doubleValue": 0.26}},
       {"key": "server.address", "value": {"stringValue": "api.openai.com"}},
       {"key": "server.port", "value": {"intValue": "443"}},
       {"key": "http.request.resend_count", "value": {"intValue": "1"}},
       {"key": "croft.provider", "value": {"stringValue": "cloud"}},
       {"key": "croft.dialect", "value": {"stringValue": "openai"}},
       {"key": "croft.hedged", "value": {"boolValue": true}},
       {"key": "croft.answered", "value": {"boolValue": true}},
       {"key": "croft.cost", "value": {"doubleValue": 0.004}},
       {"key": "http.response.status_code", "value": {"intValue": "200"}}],
      "status": {}}]}]}]})";

TEST(OtlpJson, IsTheGoldenOne) {
  const std::string text = otlp_json(
      genai_spans(test_trace()),
      {.service_version = "1.2.3", .attributes = {{"deployment.environment.name", "test"}}});
  const json::value golden_value = parse_json(golden, "golden").value();
  const json::value value = parse_json(text, "otlp").value();
  const json::array& spans =
      value.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array();
  const json::array& wanted =
      golden_value.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array();
  ASSERT_EQ(spans.size(), wanted.size());
  for (std::size_t i = 0; i < spans.size(); ++i)  // one by one: a difference is found sooner
    EXPECT_EQ(spans[i], wanted[i]);
  EXPECT_EQ(value, golden_value);
}

TEST(OtlpJson, OfNothingIsValid) {
  EXPECT_TRUE(parse_json(otlp_json({}, {}), "otlp"));
}

TEST(OtlpJson, EscapesAndWritesAnyNumber) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  TraceSpan span;
  const std::string odd("\"\\\n\0\x1f/\x7f路", 10);
  span.name = odd;
  span.attributes = {{odd, SpanValue(odd)},
                     {"least", SpanValue(std::numeric_limits<std::int64_t>::min())},
                     {"small", SpanValue(5e-324)},
                     {"large", SpanValue(-1.7976931348623157e308)},
                     {"third", SpanValue(1.0 / 3.0)},
                     {"nan", SpanValue(std::numeric_limits<double>::quiet_NaN())},
                     {"up", SpanValue(infinity)},
                     {"down", SpanValue(-infinity)},
                     {"none", SpanValue(std::vector<std::string>{})}};
  span.ended_ns = ~std::uint64_t{0};
  const json::value body = parse_json(otlp_json({&span, 1}, {.service_name = odd}), "otlp").value();
  const json::value& read = body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
  EXPECT_EQ(read.at("name"), json::string_view(odd));
  EXPECT_EQ(read.at("endTimeUnixNano"), "18446744073709551615");
  const json::value& attributes = read.at("attributes");
  const auto value = [&](std::size_t i) { return attributes.at(i).at("value"); };
  EXPECT_EQ(attributes.at(0).at("key"), json::string_view(odd));
  EXPECT_EQ(value(1), (json::object{{"intValue", "-9223372036854775808"}}));
  EXPECT_EQ(value(2).at("doubleValue").to_number<double>(), 5e-324);
  EXPECT_EQ(value(3).at("doubleValue").to_number<double>(), -1.7976931348623157e308);
  EXPECT_EQ(value(4).at("doubleValue").to_number<double>(), 1.0 / 3.0);
  EXPECT_EQ(value(5).at("doubleValue"), "NaN");
  EXPECT_EQ(value(6).at("doubleValue"), "Infinity");
  EXPECT_EQ(value(7).at("doubleValue"), "-Infinity");
  EXPECT_TRUE(value(8).at("arrayValue").at("values").as_array().empty());
}

TEST(OtlpRejected, TrustsNoCollector) {
  for (const auto& [body, rejected] : std::initializer_list<std::pair<std::string, unsigned>>{
           {"", 0},
           {"{}", 0},
           {"<html>", 0},
           {R"({"partialSuccess": {}})", 0},
           {R"({"partialSuccess": null})", 0},
           {R"({"partialSuccess": {"rejectedSpans": "3"}})", 3},
           {R"({"partialSuccess": {"rejectedSpans": 3, "errorMessage": "too old"}})", 3},
           {R"({"partialSuccess": {"rejectedSpans": 99999999999}})", 10},
           {R"({"partialSuccess": {"rejectedSpans": "-1"}})", 0},
           {R"({"partialSuccess": {"rejectedSpans": "3x"}})", 0},
           {R"({"partialSuccess": {"rejectedSpans": "99999999999999999999"}})", 0},
           {R"({"partialSuccess": {"rejectedSpans": [3]}})", 0},
           {R"({"partialSuccess": 3})", 0},
           {std::string(10'000, '['), 0}})
    EXPECT_EQ(otlp_rejected(body, 10), rejected) << body.substr(0, 80);
}

TEST(GenAiSpans, NameErrorsWhereTheyAre) {
  struct Case {
    std::optional<ErrorCode> error;
    std::optional<int> status;
    std::string type;     // of both spans; empty: none
    bool server_failed;   // the request's span
    bool attempt_failed;  // an attempt's
  };
  for (const Case& c : {
           Case{{}, 200, "", false, false},
           Case{{}, {}, "", false, false},
           Case{{}, 429, "429", false, true},
           Case{{}, 502, "502", true, true},
           Case{ErrorCode::Timeout, {}, "timeout", false, true},
           Case{ErrorCode::Io, {}, "io", true, true},
           Case{ErrorCode::Io, 200, "io", true, true},  // it broke off
           Case{ErrorCode::InvalidArgument, 400, "invalid_argument", false, true},
           Case{ErrorCode::Cancelled, {}, "", false, false},
       }) {
    RouteTrace trace = test_trace();
    trace.error = trace.attempts[1].error = c.error;
    trace.status = trace.attempts[1].status = c.status;
    const auto spans = genai_spans(trace);
    for (const TraceSpan* span : {&spans[0], &spans[2]}) {
      const SpanValue* type = attribute(*span, "error.type");
      ASSERT_EQ(type != nullptr, !c.type.empty()) << c.type;
      if (type) {
        EXPECT_EQ(*type, SpanValue(c.type));
      }
    }
    EXPECT_EQ(spans[0].failed, c.server_failed) << c.type;
    EXPECT_EQ(spans[2].failed, c.attempt_failed) << c.type;
  }
}

TEST(GenAiSpans, TellProvidersByTheirHost) {
  for (const auto& [host, dialect, provider] : std::initializer_list<std::array<std::string, 3>>{
           {"", "local", "croft"},
           {"api.openai.com", "openai", "openai"},
           {"contoso.openai.azure.com", "openai", "azure.ai.openai"},
           {"api.mistral.ai", "openai", "mistral_ai"},
           {"us-central1-aiplatform.googleapis.com", "openai", "gcp.vertex_ai"},
           {"bedrock-runtime.eu-west-1.amazonaws.com", "anthropic", "aws.bedrock"},
           {"gateway.example", "anthropic", "anthropic"},
           {"127.0.0.1", "ollama", "ollama"},
           {"gateway.example", "openai", "openai"},
           {"evil-api.mistral.ai.example", "openai", "openai"}}) {
    AttemptTrace attempt;
    attempt.server_address = host;
    attempt.dialect = dialect;
    EXPECT_EQ(genai_provider_name(attempt), provider) << host;
  }
}

TEST(GenAiSpans, RootsHaveNoParentAndAttemptsAlwaysAnId) {
  RouteTrace trace = test_trace();
  trace.context.parent_id = 0;
  trace.attempts[1].span_id = 0;
  const auto spans = genai_spans(trace);
  ASSERT_EQ(spans.size(), span_count(trace));
  EXPECT_FALSE(spans[0].parent_remote);
  EXPECT_THAT(otlp_json({spans.data(), 1}, {}), Not(HasSubstr("parentSpanId")));
  EXPECT_NE(spans[2].span_id, 0u);
  EXPECT_EQ(spans[2].parent_id, trace.context.span_id);
}

TEST(GenAiSpans, HostileValuesGiveValidSpans) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  RouteTrace trace = test_trace();
  const std::string hostile = "\xff\"\\\n\x01" + std::string(10'000, 'x');
  trace.requested_model = trace.route = trace.rule = trace.reason = trace.request_id = hostile;
  trace.gates.assign(1000, {.gate = hostile, .outcome = hostile, .microseconds = nan});
  trace.candidates.assign(1000, {.model = hostile, .skipped = hostile});
  trace.overhead_microseconds = nan;
  trace.started = std::chrono::system_clock::time_point(std::chrono::seconds(-5));
  trace.ended_ms = nan;
  for (AttemptTrace& attempt : trace.attempts) {
    attempt.provider = attempt.model = attempt.response_model = attempt.dialect =
        attempt.server_address = attempt.finish_reason = hostile;
    attempt.started_ms = 1e300;
    attempt.ended_ms = -1e300;
    attempt.first_token_ms = nan;
    attempt.prompt_tokens = ~std::uint64_t{0};
    attempt.price = AttemptPrice{.prompt = nan};
  }
  const auto spans = genai_spans(trace);
  for (const TraceSpan& span : spans) EXPECT_LE(span.started_ns, span.ended_ns);
  const std::string text = otlp_json(spans, {});
  EXPECT_TRUE(utf8::is_valid(text));
  EXPECT_TRUE(parse_json(text, "otlp"));
  EXPECT_THAT(text, HasSubstr(R"("intValue":"9223372036854775807")"));
  EXPECT_LT(text.size(), 300u * 1024);  // 20 MiB is what a collector takes in one request
}

TEST(GenAiSpans, A3_RepeatNoTextOfAnUpstream) {
  RouteTrace trace = test_trace();
  trace.attempts[1].response_model = "secret sentence";
  trace.attempts[1].finish_reason = "secret sentence";
  EXPECT_THAT(otlp_json(genai_spans(trace), {}), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace croft
