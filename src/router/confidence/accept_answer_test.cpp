// Goal: answers are accepted for what they say, not for how they are written. Method: tables.
#include "router/confidence/accept_answer.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

TEST(AcceptAnswer, Rules) {
  struct Case {
    AcceptRule rule;
    const char* answer;
    const char* expected;
    bool good;
  };
  for (const Case& one : {
           Case{AcceptRule::Exact, "  The Answer.\n", "the answer", true},
           Case{AcceptRule::Exact, "the  answer", "the answer", true},
           Case{AcceptRule::Exact, "an answer", "the answer", false},
           Case{AcceptRule::Exact, "", "x", false},
           Case{AcceptRule::Contains, "It is Rome, of course.", "rome", true},
           Case{AcceptRule::Contains, "It is Milan.", "rome", false},
           Case{AcceptRule::Contains, "anything", "", false},
           Case{AcceptRule::Number, "so 3 + 4 = 7.", "The answer: 7", true},
           Case{AcceptRule::Number, "it costs $1,234.50", "1234.5", true},
           Case{AcceptRule::Number, "no number", "7", false},
           Case{AcceptRule::Number, "no number", "none either", false},
           Case{AcceptRule::Json, "Here: {\"b\": 2, \"a\": 1}!", R"({"a": 1, "b": 2})", true},
           Case{AcceptRule::Json, "{\"a\": 1", R"({"a": 1})", false},
           Case{AcceptRule::Json, "[1, 2]", "[2, 1]", false},
       })
    EXPECT_EQ(accepts(one.rule, one.answer, one.expected), one.good)
        << accept_rule_text(one.rule) << ": " << one.answer;
}

TEST(AcceptAnswer, NamesAreFoundAgain) {
  for (const auto rule :
       {AcceptRule::Exact, AcceptRule::Contains, AcceptRule::Number, AcceptRule::Json})
    EXPECT_EQ(find_accept_rule(accept_rule_text(rule)), rule);
  EXPECT_FALSE(find_accept_rule("fuzzy"));
}

TEST(AcceptAnswer, WordF1) {
  EXPECT_DOUBLE_EQ(word_f1("a b c", "A, b; c!"), 1.0);
  EXPECT_DOUBLE_EQ(word_f1("a b", "c d"), 0.0);
  EXPECT_DOUBLE_EQ(word_f1("a a b", "a b b"), 2.0 * 2 / 6);
  EXPECT_DOUBLE_EQ(word_f1("", "..."), 1.0);
  EXPECT_DOUBLE_EQ(word_f1("", "a"), 0.0);
}

}  // namespace
}  // namespace croft
