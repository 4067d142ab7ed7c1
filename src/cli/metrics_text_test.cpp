// Goal: samples are summed and quantiles are of the time between two looks. Method: short pages by
// hand.
#include "cli/metrics_text.h"

#include <gtest/gtest.h>

namespace croft::cli {
namespace {

constexpr std::string_view first = R"(# HELP croft_requests_running Sequences being computed.
# TYPE croft_requests_running gauge
croft_requests_running{model="a \"b\",c"} 3
croft_requests_running{model="idle"} 0
croft_kv_cache_usage_ratio{model="a"} 0.75
croft_kv_cache_usage_ratio{model="b"} 0.5
croft_requests_total{model="m",route="/v1/x",status="200"} 5
croft_requests_total{model="m",route="/v1/y",status="200"} 2
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="0.1"} 1
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="1"} 1
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="+Inf"} 1
go_gc_seconds 5
)";
constexpr std::string_view second = R"(croft_requests_running{model="x"} 4
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="0.1"} 1
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="1"} 5
croft_time_to_first_token_seconds_bucket{route="/v1/x",le="+Inf"} 6
)";

TEST(MetricsText, SumsOverLabelsAndKeepsThem) {
  const auto metrics = MetricsText::parse(first);
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(metrics->value("croft_requests_running"), 3.0);
  EXPECT_EQ(metrics->value("croft_requests_total"), 7.0);
  EXPECT_EQ(metrics->value("croft_absent"), 0.0);
  EXPECT_EQ(metrics->value("go_gc_seconds"), 0.0);
  EXPECT_EQ(metrics->largest("croft_kv_cache_usage_ratio"), 0.75);
  EXPECT_EQ(metrics->largest("croft_absent"), 0.0);
  EXPECT_EQ(metrics->models("croft_requests_running"), std::vector<std::string>{"a \"b\",c"});
  EXPECT_EQ(metrics->models("croft_kv_cache_usage_ratio"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(metrics->models("croft_absent").empty());
}

TEST(MetricsText, QuantilesAreOfTheTimeBetweenTwoLooks) {
  const auto before = MetricsText::parse(first), after = MetricsText::parse(second);
  ASSERT_TRUE(before.has_value() && after.has_value());
  const auto of = [&](double p) {
    return after->quantile("croft_time_to_first_token_seconds", p, *before);
  };
  // Five since: four between 0.1 and 1, one above.
  EXPECT_DOUBLE_EQ(*of(0.4), 0.1 + 0.9 * 0.5);
  EXPECT_DOUBLE_EQ(*of(0.99), 1.0);
  EXPECT_FALSE(after->quantile("croft_time_to_first_token_seconds", 0.5, *after).has_value());
  EXPECT_FALSE(after->quantile("croft_absent", 0.5, *before).has_value());
}

TEST(MetricsText, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {"", "<html>404</html>", "croft_x", "croft_x{", "croft_x{a=\"b} notanumber", "\n\n"})
    EXPECT_FALSE(MetricsText::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace croft::cli
