// Goal: options that cannot work are refused with their name and a hint, and no header's value is
// repeated. Method: tables.
#include "router/trace/otlp_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace croft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

OtlpOptions good() {
  return {.endpoint = "http://127.0.0.1:4318/v1/traces"};
}

TEST(OtlpOptions, EndpointsWithoutAPathGetOne) {
  for (const auto& [given, meant] : std::initializer_list<std::pair<const char*, const char*>>{
           {"http://collector:4318", "http://collector:4318/v1/traces"},
           {"http://collector:4318/", "http://collector:4318/v1/traces"},
           {"https://[::1]:4318", "https://[::1]:4318/v1/traces"},
           {"http://collector:4318/v1/traces", "http://collector:4318/v1/traces"},
           {"https://otel.example/api/traces?tenant=a",
            "https://otel.example/api/traces?tenant=a"}}) {
    OtlpOptions options = good();
    options.endpoint = given;
    const auto checked = check_otlp_options(options);
    ASSERT_TRUE(checked) << given << ": " << checked.error().to_string();
    EXPECT_EQ(checked->endpoint, meant);
  }
}

TEST(OtlpOptions, BadOnesAreRefusedByName) {
  struct Case {
    const char* field;
    std::function<void(OtlpOptions&)> spoil;
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Case> cases = {
      {"endpoint", [](OtlpOptions& o) { o.endpoint = ""; }},
      {"endpoint", [](OtlpOptions& o) { o.endpoint = "collector:4318"; }},
      {"endpoint", [](OtlpOptions& o) { o.endpoint = "grpc://collector:4317"; }},
      {"endpoint", [](OtlpOptions& o) { o.endpoint = "http://user:pass@collector:4318"; }},
      {"endpoint", [](OtlpOptions& o) { o.endpoint = "http://collector:4318/v1 traces"; }},
      {"endpoint", [](OtlpOptions& o) { o.endpoint = "http://collector:4318/#x"; }},
      {"headers", [](OtlpOptions& o) { o.headers = {"sk-secret"}; }},
      {"headers", [](OtlpOptions& o) { o.headers = {": sk-secret"}; }},
      {"headers", [](OtlpOptions& o) { o.headers = {"x key: sk-secret"}; }},
      {"headers", [](OtlpOptions& o) { o.headers = {"x-key: sk-secret\r\nx-b: c"}; }},
      {"headers", [](OtlpOptions& o) { o.headers = {"x-ok: 1", "Content-TYPE: sk-secret"}; }},
      {"headers", [](OtlpOptions& o) { o.headers = {"Host: sk-secret"}; }},
      {"sampling_ratio", [](OtlpOptions& o) { o.sampling_ratio = -0.1; }},
      {"sampling_ratio", [](OtlpOptions& o) { o.sampling_ratio = 1.5; }},
      {"sampling_ratio", [](OtlpOptions& o) { o.sampling_ratio = nan; }},
      {"batch_spans_max", [](OtlpOptions& o) { o.batch_spans_max = 0; }},
      {"batch_spans_max", [](OtlpOptions& o) { o.batch_spans_max = 100'000; }},
      {"queue_spans_max", [](OtlpOptions& o) { o.queue_spans_max = 100; }},
      {"queue_spans_max", [](OtlpOptions& o) { o.queue_spans_max = 1u << 30; }},
      {"timeout", [](OtlpOptions& o) { o.timeout = 0ms; }},
      {"timeout", [](OtlpOptions& o) { o.retry_pause = 0ms; }},
      {"timeout", [](OtlpOptions& o) { o.retry_pause_max = 1ms; }},
      {"timeout", [](OtlpOptions& o) { o.delay = -1ms; }},
  };
  ASSERT_TRUE(check_otlp_options(good()));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    OtlpOptions options = good();
    cases[i].spoil(options);
    const auto checked = check_otlp_options(options);
    ASSERT_FALSE(checked) << i;
    EXPECT_EQ(checked.error().code, ErrorCode::InvalidArgument) << i;
    EXPECT_EQ(checked.error().field, cases[i].field) << i;
    EXPECT_FALSE(checked.error().hint.empty()) << i;
    EXPECT_THAT(checked.error().to_string(), Not(HasSubstr("sk-secret"))) << i;
  }
}

}  // namespace
}  // namespace croft
