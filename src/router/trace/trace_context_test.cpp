// Goal: a caller's trace is joined exactly where its header keeps the standard, hostile headers
// begin a new trace, and sampling follows the caller or the ratio. Method: tables and counts.
#include "router/trace/trace_context.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace croft {
namespace {

constexpr std::string_view trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view span = "00f067aa0ba902b7";

std::string header(std::string_view version, std::string_view trace_id, std::string_view parent,
                   std::string_view flags) {
  std::string text(version);
  for (const std::string_view part : {trace_id, parent, flags}) {
    text += '-';
    text += part;
  }
  return text;
}

TEST(Traceparent, IsReadAndWritten) {
  const auto parent = parse_traceparent(header("00", trace, span, "01"));
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id, (TraceId{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}));
  EXPECT_EQ(parent->parent_id, 0x00f067aa0ba902b7u);
  EXPECT_TRUE(parent->sampled);
  EXPECT_EQ(traceparent_text({.trace_id = parent->trace_id, .sampled = true}, 0xb7),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000b7-01");
  EXPECT_EQ(traceparent_text({.trace_id = parent->trace_id, .sampled = false}, 0xb7),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000b7-00");
}

TEST(Traceparent, OnlyTheLowestFlagMeansSampled) {
  for (const auto& [flags, sampled] :
       {std::pair{"00", false}, {"01", true}, {"02", false}, {"09", true}, {"fe", false}}) {
    const auto parent = parse_traceparent(header("00", trace, span, flags));
    ASSERT_TRUE(parent) << flags;
    EXPECT_EQ(parent->sampled, sampled) << flags;
  }
}

TEST(Traceparent, LaterVersionsAreReadAsFarAsTheyAreKnown) {
  EXPECT_TRUE(parse_traceparent(header("01", trace, span, "01")));
  EXPECT_TRUE(parse_traceparent(header("cc", trace, span, "01") + "-what-the-future-brings"));
  EXPECT_TRUE(parse_traceparent(header("cc", trace, span, "01") + "-"));
  EXPECT_FALSE(parse_traceparent(header("cc", trace, span, "01") + ".future"));
  EXPECT_FALSE(parse_traceparent(header("00", trace, span, "01") + "-future"));
  EXPECT_FALSE(parse_traceparent(header("00", trace, span, "01") + "-"));
}

TEST(Traceparent, HostileHeadersAreNone) {
  const std::string good = header("00", trace, span, "01");
  ASSERT_TRUE(parse_traceparent(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_traceparent(std::string_view(good).substr(0, size))) << size;
  // Every byte but dashes and digits is refused, wherever it stands.
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char bad : {'G', 'A', 'F', 'g', ' ', '_', '\0', '\n', '\x80', '+', '/', ':', '`'}) {
      std::string text = good;
      text[i] = bad;
      EXPECT_FALSE(parse_traceparent(text)) << i << " " << static_cast<int>(bad);
    }
  }
  for (const std::string& text :
       {std::string(),
        std::string("00"),
        std::string(54, '0'),
        std::string(55, '-'),
        std::string(55, '0'),
        std::string(100'000, 'a'),
        header("ff", trace, span, "01"),  // forbidden version
        header("FF", trace, span, "01"),
        header("0x", trace, span, "01"),                  //
        header("00", std::string(32, '0'), span, "01"),   // zero trace
        header("00", trace, std::string(16, '0'), "01"),  // zero parent
        header("000", trace, span, "1"),
        header("0", trace, span, "001"),  // moved dashes
        header("00", std::string(trace) + "0", std::string(span).substr(1), "01"),
        " " + good,
        good + " ",
        good + "\r\nx: y",
        good + ", " + good,
        good + good,
        header("cc", trace, span, "01") + "-" + std::string(100'000, 'x')})
    EXPECT_FALSE(parse_traceparent(text)) << text.substr(0, 200);
}

TEST(BeginTrace, JoinsTheCallersTraceAndFollowsItsFlag) {
  for (const bool sampled : {true, false}) {
    // The caller's choice counts, not our ratio.
    const TraceContext context =
        begin_trace(header("00", trace, span, sampled ? "01" : "00"), sampled ? 0.0 : 1.0);
    EXPECT_EQ(trace_id_text(context.trace_id), trace);
    EXPECT_EQ(span_id_text(context.parent_id), span);
    EXPECT_EQ(context.sampled, sampled);
    EXPECT_NE(context.span_id, context.parent_id);
    EXPECT_NE(context.span_id, 0u);
  }
}

TEST(BeginTrace, BeginsItsOwnWhereThereIsNoneToJoin) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const TraceContext context = begin_trace(i % 2 == 0 ? "" : "00-nonsense", 1.0);
    EXPECT_TRUE(context.sampled);
    EXPECT_EQ(context.parent_id, 0u);
    ids.insert(trace_id_text(context.trace_id));
    ids.insert(span_id_text(context.span_id));
  }
  EXPECT_EQ(ids.size(), 2000u);
}

TEST(Sampling, IsADecisionOfTheIdAlone) {
  const TraceId lowest{1, 0};
  const TraceId middle{1, std::uint64_t{1} << 55};
  const TraceId highest{1, ~std::uint64_t{0}};
  EXPECT_TRUE(is_sampled(lowest, 1.0));
  EXPECT_FALSE(is_sampled(highest, 0.0));
  EXPECT_TRUE(is_sampled(highest, 0.001));
  EXPECT_FALSE(is_sampled(lowest, 0.999));
  EXPECT_TRUE(is_sampled(middle, 0.5));
  EXPECT_FALSE(is_sampled(middle, 0.499));
  EXPECT_FALSE(is_sampled(highest, std::numeric_limits<double>::quiet_NaN()));
}

TEST(Sampling, KeepsItsRatio) {
  constexpr int count = 20'000;
  for (const double ratio : {0.0, 0.01, 0.3, 1.0}) {
    int sampled = 0;
    for (int i = 0; i < count; ++i) sampled += begin_trace("", ratio).sampled ? 1 : 0;
    // Six standard deviations: one false alarm in half a thousand million runs.
    const double slack = 6.0 * std::sqrt(ratio * (1.0 - ratio) * count);
    EXPECT_NEAR(sampled, ratio * count, slack) << ratio;
  }
}

}  // namespace
}  // namespace croft
