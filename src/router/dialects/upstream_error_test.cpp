// Goal: an upstream's refusal says the right thing to the client, to the retry logic and to the
// breaker; rate limits and pauses are read from the headers of each provider; and clients get
// errors in their own dialect. Method: tables of statuses, bodies and headers.
#include "router/dialects/upstream_error.h"

#include <gtest/gtest.h>

#include "router/dialects/client_error.h"
#include "text/utf8.h"

namespace croft::dialects {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// 2026-01-27 12:00:00 UTC.
const std::chrono::system_clock::time_point now{seconds(1'769'515'200)};

struct Case {
  std::string_view name;
  Dialect dialect;
  int status;
  std::string body;
  ErrorCode code;
  FailureCause cause;
  bool retryable;
};

TEST(UpstreamError, SaysWhoseFaultItIs) {
  using enum Dialect;
  using enum FailureCause;
  const std::vector<Case> table = {
      {"rate", OpenAi, 429,
       R"({"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}})",
       ErrorCode::Busy, RateLimit, true},
      {"no money", OpenAi, 429,
       R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}})",
       ErrorCode::Unavailable, Quota, false},
      {"spend limit", Anthropic, 429,
       R"({"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}})",
       ErrorCode::Unavailable, Quota, false},
      {"credit", Anthropic, 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API"}})",
       ErrorCode::Unavailable, Quota, false},
      {"overloaded", Anthropic, 529,
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
       ErrorCode::Unavailable, Overload, true},
      {"broken", OpenAi, 500, "<html>oops</html>", ErrorCode::Unavailable, Server, true},
      {"gateway", OpenAi, 502, "", ErrorCode::Unavailable, Server, true},
      {"loading", OpenAi, 503, R"({"error":{"message":"Loading model","code":503}})",
       ErrorCode::Unavailable, Overload, true},
      {"timeout", Anthropic, 504,
       R"({"type":"error","error":{"type":"timeout_error","message":"x"}})", ErrorCode::Timeout,
       Server, true},
      {"key", OpenAi, 401,
       R"({"error":{"message":"Incorrect API key provided: sk-secret","code":"invalid_api_key"}})",
       ErrorCode::Unavailable, Key, false},
      {"forbidden", Anthropic, 403,
       R"({"type":"error","error":{"type":"permission_error","message":"sk-secret"}})",
       ErrorCode::Unavailable, Key, false},
      {"proxy", OpenAi, 407, "<html>", ErrorCode::Unavailable, Key, false},
      {"overflow by code", OpenAi, 400,
       R"({"error":{"message":"too many","code":"context_length_exceeded"}})",
       ErrorCode::ContextOverflow, Request, false},
      {"overflow by words", Anthropic, 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
       ErrorCode::ContextOverflow, Request, false},
      {"overflow of llama-server", OpenAi, 400,
       R"({"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}})",
       ErrorCode::ContextOverflow, Request, false},
      {"overflow of Ollama", Ollama, 400,
       R"({"error":"the input length exceeds the context length"})", ErrorCode::ContextOverflow,
       Request, false},
      {"overflow of an older Ollama", Ollama, 500,
       R"({"error":"the input length exceeds the context length"})", ErrorCode::ContextOverflow,
       Request, false},
      {"bad field", OpenAi, 400, R"({"error":{"message":"bad field","param":"x"}})",
       ErrorCode::InvalidArgument, Request, false},
      {"bad field of FastAPI", OpenAi, 422, R"({"detail":[{"loc":["body"],"msg":"x"}]})",
       ErrorCode::InvalidArgument, Request, false},
      {"no model", Ollama, 404, R"({"error":"model 'x' not found"})", ErrorCode::NotFound, Request,
       false},
      {"too large", Anthropic, 413,
       R"({"type":"error","error":{"type":"request_too_large","message":"x"}})",
       ErrorCode::TooLarge, Request, false},
      {"redirect", OpenAi, 302, "", ErrorCode::Io, Protocol, false},
      {"hostile body", OpenAi, 400,
       "{\"error\":{\"message\":\"\xFF\\u0000\\n" + std::string(5000, 'x') + "\"}}",
       ErrorCode::InvalidArgument, Request, false},
  };
  for (const Case& one : table) {
    const Failed failed = read_error(one.dialect, one.status, {}, one.body, now);
    EXPECT_EQ(failed.error.code, one.code) << one.name << ": " << failed.error.message;
    EXPECT_EQ(failed.cause, one.cause) << one.name << ": " << failed.error.message;
    EXPECT_EQ(failed.retryable, one.retryable) << one.name;
    EXPECT_EQ(failed.error.message.find("sk-secret"), std::string::npos) << one.name;
    EXPECT_TRUE(utf8::is_valid(failed.error.message)) << one.name;
    EXPECT_LT(failed.error.message.size(), 700u) << one.name;
    EXPECT_EQ(failed.error.message.find_first_of(std::string_view("\n\r\0", 3)), std::string::npos);
  }
}

TEST(UpstreamError, ReadsHowLongToWait) {
  struct Wait {
    std::vector<Header> headers;
    std::optional<milliseconds> wait;
  };
  const std::vector<Wait> table = {
      {{}, std::nullopt},
      {{{"Retry-After", "20"}}, seconds(20)},
      {{{"retry-after", " 1.5 "}}, milliseconds(1500)},
      {{{"retry-after", "20"}, {"retry-after-ms", "250"}}, milliseconds(250)},
      {{{"Retry-After", "Tue, 27 Jan 2026 12:00:30 GMT"}}, seconds(30)},
      {{{"Retry-After", "Tue, 27 Jan 2026 11:00:00 GMT"}}, seconds(0)},
      {{{"Retry-After", "999999999999999999999"}}, std::chrono::hours(24)},
      {{{"Retry-After", "-5"}}, std::nullopt},
      {{{"Retry-After", "soon"}}, std::nullopt},
      {{{"Retry-After", "5 apples"}}, std::nullopt},
      {{{"Retry-After", "Tue, 99 Jan 2026 12:00:30 GMT"}}, std::nullopt},
      {{{"Retry-After", "nan"}}, std::nullopt},
  };
  for (const Wait& one : table) {
    const std::string name = one.headers.empty() ? "none" : one.headers.front().value;
    EXPECT_EQ(read_retry_after(one.headers, now), one.wait) << name;
  }
  const std::vector<Header> headers = {{"retry-after", "1.2"}, {"x-should-retry", "false"}};
  EXPECT_FALSE(read_error(Dialect::OpenAi, 429, headers, "", now).retryable);
  const Failed failed = read_error(Dialect::OpenAi, 429, std::span(headers).first(1), "", now);
  EXPECT_EQ(failed.error.retry_after_seconds, 2);
  const ClientError told = write_client_error(Dialect::OpenAi, failed.error, {});
  ASSERT_EQ(told.headers.size(), 1u);
  EXPECT_EQ(told.headers.front().value, "2");
}

TEST(UpstreamError, ReadsRateLimits) {
  const std::vector<Header> openai = {
      {"x-ratelimit-limit-requests", "5000"},   {"x-ratelimit-remaining-requests", "4999"},
      {"x-ratelimit-reset-requests", "12ms"},   {"X-RateLimit-Limit-Tokens", "-1"},
      {"x-ratelimit-remaining-tokens", "many"}, {"x-ratelimit-reset-tokens", "1h6m0.5s"}};
  RateLimits limits = read_rate_limits(openai, now);
  EXPECT_EQ(limits.requests.limit, 5000);
  EXPECT_EQ(limits.requests.remaining, 4999);
  EXPECT_EQ(limits.requests.reset, milliseconds(12));
  EXPECT_EQ(limits.tokens.limit, std::nullopt);
  EXPECT_EQ(limits.tokens.remaining, std::nullopt);
  EXPECT_EQ(limits.tokens.reset, milliseconds(3'960'500));
  const std::vector<Header> anthropic = {
      {"anthropic-ratelimit-requests-limit", "50"},
      {"anthropic-ratelimit-requests-remaining", "0"},
      {"anthropic-ratelimit-requests-reset", "2026-01-27T12:00:30Z"},
      {"anthropic-ratelimit-input-tokens-remaining", "40000"},
      {"anthropic-ratelimit-output-tokens-reset", "2026-01-27T14:00:01.5+02:00"}};
  limits = read_rate_limits(anthropic, now);
  EXPECT_EQ(limits.requests.limit, 50);
  EXPECT_EQ(limits.requests.remaining, 0);
  EXPECT_EQ(limits.requests.reset, seconds(30));
  EXPECT_EQ(limits.input_tokens.remaining, 40000);
  EXPECT_EQ(limits.output_tokens.reset, seconds(1));
  for (const char* bad :
       {"", "5x", "m", "1s2", "--", "2026-13-27T12:00:30Z", "2026-01-27T12:00:30"}) {
    const std::vector<Header> headers = {{"x-ratelimit-reset-requests", bad},
                                         {"anthropic-ratelimit-requests-reset", bad}};
    EXPECT_EQ(read_rate_limits(headers, now).requests.reset, std::nullopt) << bad;
  }
}

TEST(ClientErrors, HaveTheStatusAndShapeOfTheDialect) {
  struct Told {
    ErrorCode code;
    int openai_status;
    int anthropic_status;
    std::string_view anthropic_type;
  };
  const std::vector<Told> table = {
      {ErrorCode::InvalidArgument, 400, 400, "invalid_request_error"},
      {ErrorCode::Unsupported, 400, 400, "invalid_request_error"},
      {ErrorCode::ContextOverflow, 400, 400, "invalid_request_error"},
      {ErrorCode::Unauthorized, 401, 401, "authentication_error"},
      {ErrorCode::Forbidden, 403, 403, "permission_error"},
      {ErrorCode::NotFound, 404, 404, "not_found_error"},
      {ErrorCode::TooLarge, 413, 413, "request_too_large"},
      {ErrorCode::Busy, 429, 429, "rate_limit_error"},
      {ErrorCode::Internal, 500, 500, "api_error"},
      {ErrorCode::Unavailable, 503, 529, "overloaded_error"},
  };
  for (const Told& one : table) {
    const Error error{one.code, "it \xFF failed", "Wait", "messages[0]"};
    const ClientError openai = write_client_error(Dialect::OpenAi, error, "req_1");
    EXPECT_EQ(openai.status, one.openai_status);
    EXPECT_EQ(openai.body.at("error").at("param"), "messages[0]");
    EXPECT_EQ(openai.body.at("error").at("message"), "it \xEF\xBF\xBD failed. Wait");
    const ClientError anthropic = write_client_error(Dialect::Anthropic, error, "req_1");
    EXPECT_EQ(anthropic.status, one.anthropic_status);
    EXPECT_EQ(anthropic.body.at("type"), "error");
    EXPECT_EQ(anthropic.body.at("request_id"), "req_1");
    EXPECT_EQ(std::string_view(anthropic.body.at("error").at("type").get_string()),
              one.anthropic_type);
  }
}

}  // namespace
}  // namespace croft::dialects
