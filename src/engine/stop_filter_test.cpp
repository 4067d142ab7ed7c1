// Goal: no byte of a stop string is ever shown, nothing else is held for longer than needed, tokens
// stay with their text. Method: every way of cutting a text into pieces gives the same result as a
// search in the whole.
#include "engine/stop_filter.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

struct Outcome {
  std::string text;
  std::vector<TokenId> tokens;
  bool stopped = false;
};

/// Pushes the pieces; bit i of `cuts` set: a piece ends after byte i.
Outcome run(const std::string& text, const std::vector<std::string>& stops, unsigned cuts) {
  StopFilter filter(stops);
  Outcome out;
  const auto take = [&](const TextDelta& delta) {
    out.text += delta.text;
    out.tokens.insert(out.tokens.end(), delta.tokens.begin(), delta.tokens.end());
  };
  std::string piece;
  TokenId token = 0;
  for (std::size_t i = 0; i < text.size() && !filter.stopped(); ++i) {
    piece += text[i];
    if ((cuts >> i & 1) == 0 && i + 1 < text.size()) continue;
    take(filter.push(token++, piece, std::nullopt));
    piece.clear();
  }
  if (!filter.stopped()) take(filter.finish(""));
  out.stopped = filter.stopped();
  return out;
}

TEST(StopFilter, EveryCutGivesTheSameText) {
  const std::vector<std::string> stops = {"aab", "bc"};
  for (const std::string text : {"aaaab", "xaabx", "abcabc", "aaxbbcx", "aa", "nothing", "aaab"}) {
    std::size_t end = text.size();
    for (const std::string& stop : stops) end = std::min(end, std::min(text.find(stop), end));
    for (unsigned cuts = 0; cuts < 1u << text.size(); ++cuts) {
      const Outcome got = run(text, stops, cuts);
      EXPECT_EQ(got.text, text.substr(0, end)) << text << " cut " << cuts;
      EXPECT_EQ(got.stopped, end < text.size()) << text;
    }
  }
}

TEST(StopFilter, HoldsOnlyWhatMayBeginAStop) {
  StopFilter filter({"\n\nUser:"});
  EXPECT_EQ(filter.push(1, "Hello", std::nullopt).text, "Hello");
  EXPECT_EQ(filter.push(2, " you\n", std::nullopt).text, " you");
  EXPECT_EQ(filter.push(3, "x", std::nullopt).text, "\nx");
}

TEST(StopFilter, TokensComeWithTheirText) {
  StopFilter filter({"stop"});
  EXPECT_EQ(filter.push(1, "ok ", std::nullopt).tokens, std::vector<TokenId>{1});
  EXPECT_TRUE(filter.push(2, "st", std::nullopt).tokens.empty());
  EXPECT_EQ(filter.push(3, "ay", std::nullopt).tokens, (std::vector<TokenId>{2, 3}));
  const TextDelta cut = filter.push(4, "x stop y", std::nullopt);
  EXPECT_EQ(cut.text, "x ");
  EXPECT_EQ(cut.tokens, std::vector<TokenId>{4});
  EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, EmptyStopsAreNone) {
  StopFilter filter({""});
  EXPECT_EQ(filter.push(1, "a", std::nullopt).text, "a");
  EXPECT_FALSE(filter.stopped());
}

}  // namespace
}  // namespace croft
