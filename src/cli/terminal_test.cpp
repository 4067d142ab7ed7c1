// Goal: nothing from a model can drive the terminal; numbers and progress read well and never move
// back. Method: tables of inputs and the text wanted.
#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/progress.h"

namespace croft::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Terminal, ControlCharactersAreSpelledOut) {
  EXPECT_EQ(escape_controls("plain \xC3\xA9 \xE2\x82\xAC\n\tx"),
            "plain \xC3\xA9 \xE2\x82\xAC\n\tx");
  EXPECT_EQ(escape_controls("\x1b]0;title\x07"), "\\x1B]0;title\\x07");
  EXPECT_EQ(escape_controls("a\rb\x7f"), "a\\x0Db\\x7F");
  EXPECT_EQ(escape_controls("\xC2\x9B"
                            "31m"),
            "\\xC2\\x9B31m");  // the one-character CSI
  EXPECT_EQ(escape_controls("\xC2"), "\xC2");
  EXPECT_EQ(escape_controls(std::string_view("\0", 1)), "\\x00");
}

TEST(Terminal, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(valid_utf8("ok \xC3\xA9"), "ok \xC3\xA9");
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_utf8("\xE2\x82"), "\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

TEST(Terminal, NumbersForPeople) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(98362432), "98.4 MB");
  EXPECT_EQ(human_bytes(1117320768), "1.12 GB");
  EXPECT_EQ(human_count(134515008), "135 M");
  EXPECT_EQ(human_count(260032), "260 K");
  EXPECT_EQ(human_count(7), "7");
  EXPECT_EQ(duration_text(0.2), "1 s");
  EXPECT_EQ(duration_text(185), "3 min 05 s");
  EXPECT_EQ(duration_text(7800), "2 h 10 min");
}

TEST(Progress, LineHasBarShareRateAndRest) {
  const std::string line =
      progress_line("m", Progress::Unit::Bytes, 50'000'000, 100'000'000, 10e6, 120);
  EXPECT_EQ(line, "m [############............]  50%  50.0 MB of 100 MB  10.0 MB/s  5 s left");
  EXPECT_THAT(progress_line("m", Progress::Unit::Bytes, 5, 0, 0, 120), Not(HasSubstr("%")));
  EXPECT_EQ(progress_line("m", Progress::Unit::Bytes, 1, 2, 1, 10).size(), 10U);
  // Not done is not 100 %: the share is cut, never rounded up.
  EXPECT_THAT(progress_line("m", Progress::Unit::Count, 999, 1000, 0, 120), HasSubstr(" 99%"));
}

TEST(Progress, PlainLinesNeverMoveBack) {
  if (stderr_is_terminal()) GTEST_SKIP() << "standard error is a terminal";
  testing::internal::CaptureStderr();
  {
    Progress progress("x", Progress::Unit::Count);
    for (const unsigned done : {10U, 30U, 20U, 60U, 59U, 100U}) progress.update(done, 100);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "x  10 of 100\nx  30 of 100\nx  60 of 100\nx  100 of 100\n");
}

}  // namespace
}  // namespace croft::cli
