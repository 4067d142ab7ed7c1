// Goal: a configuration's own patterns and word lists find what they say, with their scores, and
// what is allowed is never flagged; large lists and hostile texts stay cheap. Method: rules on
// short texts, through find_entities; a list of 100,000 entries with its time and memory.
#include "router/privacy/custom/custom_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "router/privacy/redaction.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using testing::HasSubstr;

EntityType type_of_name(std::string_view name) {
  const auto type = entity_type_named(name);
  if (!type) ADD_FAILURE() << type.error().message;
  return type.value_or(EntityType::Secret);
}

std::string redact(std::string_view text, const CustomRules& rules) {
  FindScratch scratch;
  scratch.custom = &rules;
  return redacted(text, find_entities(text, scratch));
}

/// Without what Croft finds by itself.
std::string redact_own(std::string_view text, const CustomRules& rules) {
  std::vector<Finding> findings;
  EXPECT_TRUE(rules.apply(text, nullptr, findings));
  resolve_overlaps(findings);
  return redacted(text, findings);
}

CustomRules with_words(std::string_view lines, EntityType type) {
  WordLists lists;
  EXPECT_TRUE(lists.add(lines, "list.txt", type));
  lists.finish();
  CustomRules rules;
  rules.set_words(std::move(lists));
  return rules;
}

TEST(CustomRules, PatternsFindWithTheirScore) {
  CustomRules rules;
  const EntityType staff = type_of_name("TEST_STAFF_ID");
  ASSERT_TRUE(rules.add_pattern({staff, "\\bX-[0-9]{4}\\b", 0.6f, {}}));
  EXPECT_EQ(redact("ask X-1234 or X-12345 or x-1234", rules),
            "ask <TEST_STAFF_ID> or X-12345 or x-1234");
  FindScratch scratch;
  scratch.custom = &rules;
  const auto found = find_entities("é X-1234", scratch);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], (Finding{staff, 3, 9, 0.6f}));
}

TEST(CustomRules, ContextRaisesTheScoreOrIsNeeded) {
  CustomRules rules;
  const EntityType type = type_of_name("TEST_CASE");
  ASSERT_TRUE(rules.add_pattern({type, "[0-9]{4}q", 0.0f, {"Case"}}));
  EXPECT_EQ(redact_own("number 1234q", rules), "number 1234q");
  EXPECT_EQ(redact_own("CASE 1234q", rules), "CASE <TEST_CASE>");
  EXPECT_EQ(redact_own("1234q is the case", rules), "<TEST_CASE> is the case");
  EXPECT_EQ(redact_own("staircase 1234q", rules), "staircase 1234q");
  EXPECT_EQ(redact_own("case " + std::string(100, '.') + " 1234q", rules),
            "case " + std::string(100, '.') + " 1234q");
}

TEST(CustomRules, WrongPatternsAreRefusedWithTheReason) {
  CustomRules rules;
  for (const auto& [regex, says] :
       {std::pair("(", "missing"), std::pair("a*", "empty text"),
        std::pair("(?=a)", "regular expression"), std::pair("", "empty"),
        std::pair("\\1", "regular expression")}) {
    const auto added = rules.add_pattern({EntityType::Person, regex, 0.5f, {}});
    ASSERT_FALSE(added) << regex;
    EXPECT_THAT(added.error().message, HasSubstr(says)) << regex;
    EXPECT_FALSE(added.error().hint.empty());
  }
  EXPECT_FALSE(rules.add_pattern({EntityType::Person, std::string(5000, 'a'), 0.5f, {}}));
  EXPECT_FALSE(rules.add_pattern({EntityType::Person, "((a{100}){100}){100}", 0.5f, {}}));
  EXPECT_TRUE(rules.empty());
}

TEST(CustomRules, EmptyMatchesEnd) {
  CustomRules rules;
  // Matches no text as such, but an empty one at every border of a word.
  ASSERT_TRUE(rules.add_pattern({EntityType::Person, "\\b", 0.9f, {}}));
  EXPECT_EQ(redact_own("q w é r", rules), "q w é r");
}

TEST(CustomRules, WordsWhateverTheirCaseAndAccents) {
  const CustomRules rules =
      with_words("# projects\nBlauer Reiter\n\nGrößenwahn\r\nAB\n", type_of_name("TEST_PROJECT"));
  EXPECT_EQ(redact_own("the blauer  REITER plan", rules), "the <TEST_PROJECT> plan");
  EXPECT_EQ(redact_own("Blauer-Reiter", rules), "<TEST_PROJECT>");
  EXPECT_EQ(redact_own("grossenwahn, GRÖSENWAHN", rules), "grossenwahn, <TEST_PROJECT>");
  EXPECT_EQ(redact_own("abc ab", rules), "abc <TEST_PROJECT>");
  EXPECT_EQ(redact_own("blauer", rules), "blauer");
}

TEST(CustomRules, OfEntriesThatBeginAlikeTheLongestIsFound) {
  const CustomRules rules =
      with_words("zed\nzed alpha\nzed alpha beta gamma\n", type_of_name("TEST_PROJECT"));
  EXPECT_EQ(redact_own("zed alpha beta delta", rules), "<TEST_PROJECT> beta delta");
  EXPECT_EQ(redact_own("zed alpha beta gamma", rules), "<TEST_PROJECT>");
}

TEST(CustomRules, WrongListsAreRefusedByLine) {
  for (const auto& [lines, says] :
       {std::pair(std::string("ok\n\xFF\n"), "list.txt, line 2 is not UTF-8"),
        std::pair(std::string("ok\n...\n"), "line 2 has no letter or digit"),
        std::pair(std::string("a b c d e f g h i j k l m n o p q\n"), "line 1 has 17 words")}) {
    WordLists lists;
    const auto added = lists.add(lines, "list.txt", EntityType::Person);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message, HasSubstr(says));
  }
}

TEST(CustomRules, AHundredThousandEntries) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i)
    lines += "given" + std::to_string(i) + " family" + std::to_string(i * 7) + "\n";
  const auto begin = std::chrono::steady_clock::now();
  const CustomRules rules = with_words(lines, EntityType::Person);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(rules.words().entries_count(), 100'000u);
  EXPECT_LT(rules.words().bytes(), 12u << 20);
  EXPECT_LT(seconds.count(), 30.0);  // 0.05 s on an idle machine
  RecordProperty("load_ms", std::to_string(1e3 * seconds.count()));
  RecordProperty("bytes", std::to_string(rules.words().bytes()));
  EXPECT_EQ(redact_own("(Given4711 FAMILY32977)", rules), "(<PERSON>)");
  EXPECT_EQ(redact_own("(given4711 family1)", rules), "(given4711 family1)");
}

TEST(CustomRules, AllowedIsNeverFlagged) {
  CustomRules rules;
  rules.set_allowed({"help@example.com", "4111 1111 1111 1111"});
  EXPECT_EQ(redact("Help@Example.com jane@example.com", rules), "Help@Example.com <EMAIL_ADDRESS>");
  EXPECT_EQ(redact("4111 1111 1111 1111, 5555555555554444", rules),
            "4111 1111 1111 1111, <CREDIT_CARD>");
}

TEST(CustomRules, StopsAtTheDeadline) {
  CustomRules rules = with_words("zed\n", EntityType::Person);
  std::vector<Finding> findings;
  const Clock::time_point past = Clock::now() - std::chrono::seconds(1);
  EXPECT_FALSE(rules.apply(std::string(1 << 20, 'a') + " a a", &past, findings));
  CustomRules patterns;
  ASSERT_TRUE(patterns.add_pattern({EntityType::Person, "a", 0.5f, {}}));
  EXPECT_FALSE(patterns.apply("aaaa", &past, findings));
}

TEST(CustomTypes, NamesAreKeptAndChecked) {
  const auto type = entity_type_named("TEST_OWN_TYPE");
  ASSERT_TRUE(type);
  EXPECT_EQ(entity_name(*type), "TEST_OWN_TYPE");
  EXPECT_EQ(find_entity_type("TEST_OWN_TYPE"), *type);
  EXPECT_EQ(entity_type_named("TEST_OWN_TYPE").value(), *type);
  EXPECT_EQ(entity_type_named("CREDIT_CARD").value(), EntityType::CreditCard);
  EXPECT_TRUE(contains(gated_entities(), *type));
  EXPECT_FALSE(is_secret(*type));
  for (const char* wrong : {"", "A", "a_b", "1AB", "A B", "_AB", "ÄB"})
    EXPECT_FALSE(entity_type_named(wrong)) << wrong;
  EXPECT_FALSE(entity_type_named(std::string(41, 'A')));
}

}  // namespace
}  // namespace croft::privacy
