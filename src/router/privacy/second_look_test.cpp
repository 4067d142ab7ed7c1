// Goal: whatever a model says, the second look only adds names that stand in the text and that
// nothing has found. Method: tables of texts, earlier findings and answers, honest and hostile; no
// model is needed. The whole way with a real one: tests/e2e/redact_test.py.
#include "router/privacy/second_look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace croft::privacy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

Strings names(std::string_view answer) {
  const auto found = names_in_answer(answer);
  return {found.begin(), found.end()};
}

/// What an answer adds to a text in one piece.
Strings added(std::string_view text, std::string_view answer,
              const std::vector<Finding>& findings = {}) {
  Strings out;
  for (const Finding& finding :
       place_names(text, {0, text.size()}, names_in_answer(answer), findings)) {
    EXPECT_EQ(finding.type, EntityType::Person);
    EXPECT_EQ(finding.score, second_look_score);
    out.emplace_back(text.substr(finding.start, finding.end - finding.start));
  }
  return out;
}

TEST(SecondLookAnswer, LinesAreNames) {
  EXPECT_THAT(names("Anna Berg\nBert\n"), ElementsAre("Anna Berg", "Bert"));
  EXPECT_THAT(names("  Anna Berg \r\n\n\tBert"), ElementsAre("Anna Berg", "Bert"));
  EXPECT_THAT(names("Anna\nAnna\nAnna"), ElementsAre("Anna"));
  EXPECT_THAT(names("王小明\nJürgen\nÖz"), ElementsAre("王小明", "Jürgen", "Öz"));
}

TEST(SecondLookAnswer, ListMarksAndQuotesGo) {
  EXPECT_THAT(names("- Anna\n* Bert\n\u2022 Clara\n1. David\n12) Emma"),
              ElementsAre("Anna", "Bert", "Clara", "David", "Emma"));
  EXPECT_THAT(names("\"Anna\"\n**Bert**\n'Clara',\n`David`;"),
              ElementsAre("Anna", "Bert", "Clara", "David"));
  EXPECT_THAT(names("J. Berg Jr."), ElementsAre("J. Berg Jr."));
}

TEST(SecondLookAnswer, WhatIsNoNameGoes) {
  for (const std::string_view answer : {"",
                                        "\n\n",
                                        "NONE",
                                        "None",
                                        "none",
                                        "A",
                                        "Z.",
                                        "42",
                                        "--",
                                        "12.05.2024",
                                        "max_tokens",
                                        "kev",
                                        "croft/auto",
                                        "\xff\xfe",
                                        "Ann\xe4",
                                        "\"\"",
                                        "**",
                                        "- ",
                                        "1. ",
                                        "李",
                                        "'",
                                        "**\"**",
                                        "there is no name in this text"})
    EXPECT_THAT(names(answer), IsEmpty()) << answer;
  EXPECT_THAT(names(std::string(80, 'A')), ElementsAre(std::string(80, 'A')));
  EXPECT_THAT(names(std::string(81, 'A')), IsEmpty());
}

TEST(SecondLookAnswer, IsBoundedInNumber) {
  std::string answer;
  for (int i = 0; i < 10'000; ++i) answer += "Name" + std::to_string(i) + "\n";
  EXPECT_EQ(names(answer).size(), 500u);
}

TEST(SecondLookPlaces, EveryPlaceInWholeWords) {
  EXPECT_THAT(added("Anna met Annabel; Anna's dog, (Anna).", "Anna"),
              ElementsAre("Anna", "Anna", "Anna"));
  EXPECT_THAT(added("ask anna_berg or ANNA2", "anna\nANNA"), IsEmpty());
  EXPECT_THAT(added("Jürgen und Jürgens", "Jürgen"), ElementsAre("Jürgen"));
  EXPECT_THAT(added("Saidé and Émile", "Said\nmile"), IsEmpty());
  EXPECT_THAT(added("“Anna” — said Bert…", "Anna\nBert"), ElementsAre("Anna", "Bert"));
  EXPECT_THAT(added("王小明住在北京，他的同事叫李娜。", "王小明\n李娜"),
              ElementsAre("王小明", "李娜"));
}

TEST(SecondLookPlaces, WhatStandsNowhereIsDropped) {
  EXPECT_THAT(added("The pump is off.", "Maria Lindqvist\nThe Pump Is Broken\nIgnore this text"),
              IsEmpty());
  EXPECT_THAT(added("", "Anna"), IsEmpty());
}

TEST(SecondLookPlaces, SpacesAndCaseOfSeveralWords) {
  EXPECT_THAT(added("dear Anna\nBerg, Anna  Berg", "Anna Berg"),
              ElementsAre("Anna\nBerg", "Anna  Berg"));
  EXPECT_THAT(added("Anna\n\nBerg", "Anna Berg"), IsEmpty());
  EXPECT_THAT(added("tell maria lindqvist", "Maria Lindqvist"), ElementsAre("maria lindqvist"));
  // One word in another case is often no name: "mark", "will". Nor does it count where it stands
  // as written.
  EXPECT_THAT(added("mark the date", "Mark"), IsEmpty());
  EXPECT_THAT(added("Will Young, will young people", "Will Young"), ElementsAre("Will Young"));
}

TEST(SecondLookPlaces, FindingsStay) {
  const std::string text = "Anna Berg-Zhu, anna@example.com, Bert";
  const std::vector<Finding> findings = {{EntityType::Person, 0, 9, 0.9f},
                                         {EntityType::EmailAddress, 15, 31, 1.0f},
                                         {EntityType::Person, 33, 37, 0.8f}};
  EXPECT_THAT(added(text, "Anna Berg-Zhu\nBert\nexample\nAnna", findings), ElementsAre("Zhu"));
  // What is left of a name must itself be one.
  EXPECT_THAT(added("Anna, B", "Anna, B", {{EntityType::Person, 0, 4, 0.9f}}), IsEmpty());
  EXPECT_THAT(added("Anna von Berg", "Anna von Berg",
                    {{EntityType::Person, 0, 4, 0.9f}, {EntityType::Person, 9, 13, 0.9f}}),
              IsEmpty());
  // A finding that ends within a word leaves no part of it.
  EXPECT_THAT(added("Annabel", "Annabel", {{EntityType::Secret, 0, 4, 0.9f}}), IsEmpty());
}

TEST(SecondLookPlaces, LongestFirstAndInOrder) {
  EXPECT_THAT(added("Berg. Anna Berg. Anna.", "Anna\nBerg\nAnna Berg"),
              ElementsAre("Berg", "Anna Berg", "Anna"));
}

TEST(SecondLookPlaces, OnlyInItsPiece) {
  const std::string_view text = "Anna Anna Anna";
  const auto names = names_in_answer("Anna");
  const auto found = place_names(text, {5, 9}, names, {});
  EXPECT_THAT(found, ElementsAre(Finding{EntityType::Person, 5, 9, second_look_score}));
  EXPECT_THAT(place_names(text, {6, 14}, names, {}),
              ElementsAre(Finding{EntityType::Person, 10, 14, second_look_score}));
  EXPECT_THAT(place_names(text, {5, 8}, names, {}), IsEmpty());
}

TEST(SecondLookPieces, ShortTextIsOne) {
  EXPECT_THAT(cut_into_pieces("Anna"), ElementsAre(TextPiece{0, 4}));
  EXPECT_THAT(cut_into_pieces("\n Anna \n\n"), ElementsAre(TextPiece{2, 6}));
  for (const std::string_view nothing : {"", " \n\t", "12 345 - !", "a", "\xff\xfe\xfd"})
    EXPECT_THAT(cut_into_pieces(nothing), IsEmpty()) << nothing;
}

TEST(SecondLookPieces, CutAtTheBestBorder) {
  const std::string words400 = [] {
    std::string text;
    while (text.size() < 400) text += "word ";
    return text.substr(0, 399) + ".";
  }();
  const auto first_end = [&](std::string_view between) {
    const std::string text = words400 + std::string(between) + words400 + " more\n" + words400;
    const auto pieces = cut_into_pieces(text);
    EXPECT_GE(pieces.size(), 2u);
    return pieces.front().end;
  };
  EXPECT_EQ(first_end("\n\n"), 400u);
  EXPECT_EQ(first_end("\r\n\r\n"), 400u);
  EXPECT_GT(first_end("\n"), 800u);  // a later line end
  EXPECT_GT(first_end(" "), 800u);
}

TEST(SecondLookPieces, SentenceThenSpaceThenCharacter) {
  std::string text;
  while (text.size() < 1200) text += "word word. word ";
  EXPECT_EQ(text[cut_into_pieces(text).front().end - 1], '.');
  text.clear();
  while (text.size() < 1200) text += "wordy ";
  EXPECT_EQ(text[cut_into_pieces(text).front().end], ' ');
  text = "x";
  while (text.size() < 5000) text += "王";
  std::size_t last = 0;
  for (const TextPiece& piece : cut_into_pieces(text)) {
    EXPECT_EQ(piece.start, last);
    EXPECT_LE(piece.end - piece.start, piece_bytes_max);
    EXPECT_EQ(piece.end % 3, 1u);  // whole characters
    last = piece.end;
  }
  EXPECT_EQ(last, text.size());
}

TEST(SecondLookMessages, EndWithThePiece) {
  const json::array messages = second_look_messages("Anna \xff Berg");
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages.back().at("role"), "user");
  EXPECT_TRUE(messages.back().at("content").as_string().ends_with("\n\nText:\nAnna \uFFFD Berg"));
  // The examples are answered as the parser reads them.
  EXPECT_THAT(names(messages[1].at("content").as_string().c_str()),
              ElementsAre("Halloran", "Tunde Bakare", "ilse vogt"));
  EXPECT_THAT(names(messages[3].at("content").as_string().c_str()), IsEmpty());
}

}  // namespace
}  // namespace croft::privacy
