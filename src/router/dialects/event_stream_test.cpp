// Goal: the event stream splitter follows the HTML standard, gives the same events for every split
// of the bytes, keeps its limits and needs linear time. Method: tables after the standard's own
// examples; each stream cut at every byte, and fed byte by byte.
#include "router/dialects/event_stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

#include "router/dialects/utf8_joiner.h"

namespace croft::dialects {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

Events read(const std::vector<std::string_view>& pieces, std::size_t bytes_max = 1000) {
  EventStream stream(bytes_max);
  Events events;
  for (const std::string_view piece : pieces) {
    const Result<void> fed = stream.feed(piece, [&](const StreamEvent& event) {
      events.emplace_back(event.name, event.data);
      return true;
    });
    if (!fed) {
      events.emplace_back("error", fed.error().message);
      return events;
    }
  }
  return events;
}

struct Case {
  std::string_view name;
  std::string_view bytes;
  Events events;
};

const std::vector<Case> cases = {
    {"one event", "data: a\n\n", {{"", "a"}}},
    {"many lines", "data: a\ndata: b\ndata:\ndata:c\n\n", {{"", "a\nb\n\nc"}}},
    {"CR", "data: a\r\rdata: b\r\r", {{"", "a"}, {"", "b"}}},
    {"CRLF", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", {{"x", "a"}, {"", "b"}}},
    {"mixed", "data: a\r\n\rdata: b\n\r\n", {{"", "a"}, {"", "b"}}},
    {"comments", ": hello\n:\ndata: a\n: within\n\n:\n\n", {{"", "a"}}},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "data: a\n\n",
     {{"", "a"}}},
    {"a mark later is data", "data: \xEF\xBB\xBF\n\n", {{"", "\xEF\xBB\xBF"}}},
    {"no colon", "data\n\ndata\ndata\n\ndata:", {{"", ""}, {"", "\n"}}},
    {"one space only", "data:  a\n\ndata:b\n\n", {{"", " a"}, {"", "b"}}},
    {"colons in the value", "data: a:b: c\n\n", {{"", "a:b: c"}}},
    {"unknown fields", "id: 1\nretry: 5\nfoo: x\ndatax: y\ndata: a\n\n", {{"", "a"}}},
    {"a name alone gives nothing", "event: x\n\ndata: a\n\n", {{"", "a"}}},
    {"the last name counts", "event: x\nevent: y\ndata: a\n\n", {{"y", "a"}}},
    {"cut event", "data: a\n\ndata: b\n", {{"", "a"}}},
    {"cut line", "data: a\n\ndata: b", {{"", "a"}}},
    {"nothing", "", {}},
    {"blank lines", "\n\n\r\n\r\r", {}},
    {"a zero byte", std::string_view("data: a\0b\n\n", 11), {{"", std::string("a\0b", 3)}}},
};

TEST(EventStream, FollowsTheStandardAtEverySplit) {
  for (const Case& one : cases) {
    ASSERT_EQ(read({one.bytes}), one.events) << one.name;
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < one.bytes.size(); ++i) bytes.push_back(one.bytes.substr(i, 1));
    EXPECT_EQ(read(bytes), one.events) << one.name << ", byte by byte";
    for (std::size_t cut = 0; cut <= one.bytes.size(); ++cut)
      EXPECT_EQ(read({one.bytes.substr(0, cut), one.bytes.substr(cut)}), one.events)
          << one.name << ", cut at " << cut;
  }
}

TEST(EventStream, LimitsALineAndAnEvent) {
  const std::string endless(1001, 'x');
  EXPECT_EQ(read({endless}).at(0).first, "error");
  EXPECT_EQ(read({endless.substr(0, 600), endless.substr(600)}).at(0).first, "error");
  std::string lines;
  for (int i = 0; i < 11; ++i) lines += "data: " + std::string(100, 'y') + "\n";
  EXPECT_EQ(read({lines}).at(0).first, "error") << "an event of many lines";
  EXPECT_EQ(read({"data: " + std::string(900, 'z') + "\n\n"}).at(0).second.size(), 900u);
}

TEST(EventStream, StopsWhenTold) {
  EventStream stream(100);
  int count = 0;
  ASSERT_TRUE(
      stream.feed("data: a\n\ndata: b\n\n", [&](const StreamEvent&) { return ++count < 1; }));
  EXPECT_EQ(count, 1);
}

/// Quadratic code would need minutes for these; the bound only catches that.
TEST(EventStream, NeedsLinearTime) {
  const std::size_t bytes_count = 8'000'000;
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string_view unit : {"\r", "\n", "data: x\r", "data\n\n", "x"}) {
    EventStream stream(16 * bytes_count);
    std::string bytes;
    while (bytes.size() < bytes_count) bytes += unit;
    ASSERT_TRUE(stream.feed(bytes, [](const StreamEvent&) { return true; }));
    for (std::size_t i = 0; i < 100'000; ++i)
      ASSERT_TRUE(stream.feed("x", [](const StreamEvent&) { return true; }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Utf8Joiner, JoinsCharactersAndPairsAtEverySplit) {
  // A four-byte character, a surrogate pair in three bytes each, a lone half, a broken byte.
  const std::string bytes =
      "a\xF0\x9F\x98\x80"
      "b\xED\xA0\xBD\xED\xB8\x80"
      "c\xC3\xBC"
      "d\xED\xA0\xBD"
      "e\xFF"
      "f";
  const std::string bad = "\xEF\xBF\xBD";
  const std::string joined = "a😀b😀cüd" + bad + bad + bad + "e" + bad + "f";
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      Utf8Joiner joiner;
      std::string out = joiner.push(bytes.substr(0, first));
      out += joiner.push(bytes.substr(first, second - first));
      out += joiner.push(bytes.substr(second));
      out += joiner.flush();
      ASSERT_EQ(out, joined) << first << " " << second;
    }
  }
  Utf8Joiner cut;
  EXPECT_EQ(cut.push("x\xE2\x82"), "x");
  EXPECT_EQ(cut.flush(), bad);
  EXPECT_EQ(cut.flush(), "");
}

}  // namespace
}  // namespace croft::dialects
