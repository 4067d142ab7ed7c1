// Goal: the tagger's tokens cover every sign of a text once, at borders of characters, and forms
// and hashes are those that its features rely on. Method: tables of short texts.
#include "router/privacy/names/name_tokens.h"

#include <gtest/gtest.h>

#include <string>

namespace croft::privacy {
namespace {

using enum TokenForm;

std::vector<NameToken> tokens_of(std::string_view text, std::size_t at_once = 1000) {
  std::vector<NameToken> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = read_name_tokens(text, at, at_once, tokens);
    EXPECT_GT(next, at);
    at = next;
  }
  return tokens;
}

std::string joined(std::string_view text) {
  std::string out;
  for (const NameToken& token : tokens_of(text))
    out +=
        (out.empty() ? "" : "|") + std::string(text.substr(token.start, token.end - token.start));
  return out;
}

TEST(NameTokens, CutsWhereWordsAndSignsDo) {
  EXPECT_EQ(joined("Ann Lee, 34, of York."), "Ann|Lee|,|34|,|of|York|.");
  EXPECT_EQ(joined("O'Brien's dog"), "O'Brien|'|s|dog");
  EXPECT_EQ(joined("D\u2019Angelo\u2019s"), "D\u2019Angelo|\u2019|s");
  EXPECT_EQ(joined("I've I\u2019m"), "I|'|ve|I|\u2019|m");
  EXPECT_EQ(joined("Jean-Pierre"), "Jean|-|Pierre");
  EXPECT_EQ(joined("one \n\n two"), "one| \n\n |two");
  EXPECT_EQ(joined("ask a.b@example.com."), "ask|a.b@example.com|.");
  EXPECT_EQ(joined("see https://example.com/a?b, or"), "see|https://example.com/a?b|,|or");
  EXPECT_EQ(joined("a@ b :// c"), "a|@|b|:|/|/|c");
  EXPECT_EQ(joined("«Émile»"), "«|Émile|»");
  EXPECT_EQ(joined("漢字 ok"), "漢字|ok");
  EXPECT_EQ(joined(""), "");
  EXPECT_EQ(joined(" \t "), "");
}

TEST(NameTokens, Forms) {
  const struct {
    const char* text;
    TokenForm form;
  } cases[] = {
      {"ann", Lower},       {"Ann", Capitalised}, {"ANN", Upper},     {"A", Initial},
      {"McLee", Mixed},     {"iPad", Mixed},      {"7", Digits1},     {"42", Digits2},
      {"123", Digits3},     {"1234", Digits4},    {"12345", Digits5}, {"123456", DigitsMany},
      {"4th", Coded},       {",", Sign},          {"\n", Line},       {"a@b.de", Address},
      {"Éva", Capitalised}, {"ÉVA", Upper},       {"żółw", Lower},    {"漢字", Foreign},
      {"Иван", Foreign},    {"O'Neil", Mixed}};
  for (const auto& [text, form] : cases) {
    const auto tokens = tokens_of(text);
    ASSERT_EQ(tokens.size(), 1u) << text;
    EXPECT_EQ(tokens[0].form, form) << text;
  }
}

TEST(NameTokens, HashesKnowNeitherCaseNorAccents) {
  EXPECT_EQ(name_hash("MÜLLER"), name_hash("muller"));
  EXPECT_EQ(name_hash("Łódź"), name_hash("lodz"));
  EXPECT_EQ(name_hash("Ann"), tokens_of("ANN")[0].hash);
  EXPECT_NE(name_hash("Ann"), name_hash("Anna"));
  EXPECT_NE(name_hash_pair(1, 2), name_hash_pair(2, 1));
}

TEST(NameTokens, BytesThatAreNoTextAndLongTextsEnd) {
  for (const std::string& text :
       {std::string("\xFF\xFE\x80 a"), std::string("\xE2\x80"), std::string("\xC3"),
        std::string("a@\xE2"), std::string(100'000, 'a'), std::string(10'000, '@'),
        std::string(10'000, '\n'), std::string(9'999, '\xE4')}) {
    std::size_t last = 0;
    for (const NameToken& token : tokens_of(text, 16)) {
      EXPECT_GE(token.start, last);
      EXPECT_GT(token.end, token.start);
      last = token.end;
    }
    EXPECT_LE(last, text.size());
  }
}

TEST(NameTokens, StopsNearTheLimit) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "word ";
  std::vector<NameToken> tokens;
  read_name_tokens(text, 0, 50, tokens);
  EXPECT_LE(tokens.size(), 51u);
  EXPECT_GE(tokens.size(), 25u);
}

}  // namespace
}  // namespace croft::privacy
