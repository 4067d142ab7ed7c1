// Goal: the plot shows every bin that has answers, and foreign names cannot break the document.
// Method: calibrations made by hand; tests/e2e/route_calibrate_test.py parses a whole one as XML.
#include "router/confidence/reliability_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace croft {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(ReliabilityPlot, DrawsTheBinsThatHaveAnswers) {
  Calibration made;
  made.rule.thresholds[2] = 0.625;
  made.held_out.bins = {
      {.low = 0.0,
       .high = 0.5,
       .count = 40,
       .score_mean = 0.25,
       .acceptable_mean = 0.5,
       .interval = {0.34, 0.66}},
      {.low = 0.5, .high = 0.7, .count = 0, .interval = {}},
      {.low = 0.7,
       .high = 1.0,
       .count = 160,
       .score_mean = 0.9,
       .acceptable_mean = 0.95,
       .interval = {0.9, 0.98}},
  };
  const std::string plot = reliability_plot(made);
  EXPECT_EQ(count_of(plot, "<circle"), 2U);
  EXPECT_EQ(count_of(plot, "class=\"bar\""), 2U);
  EXPECT_EQ(count_of(plot, "class=\"whisker\""), 6U);
  // 64 + 400 * 0.25 and 74 + 400 * 0.5; the threshold at 64 + 400 * 0.625.
  EXPECT_THAT(plot, HasSubstr("cx=\"164.0\" cy=\"274.0\""));
  EXPECT_THAT(plot, HasSubstr("class=\"limit\" x1=\"314.0\""));
  EXPECT_THAT(plot, HasSubstr("served locally from 0.625"));
  EXPECT_THAT(plot, HasSubstr(">160</text>"));
}

TEST(ReliabilityPlot, NamesCannotBreakIt) {
  Calibration made;
  made.task = "</text><script>\x01&";
  const std::string plot = reliability_plot(made);
  EXPECT_THAT(plot, Not(HasSubstr("<script")));
  EXPECT_THAT(plot, HasSubstr("&lt;/text&gt;&lt;script&gt; &amp;"));
}

}  // namespace
}  // namespace croft
