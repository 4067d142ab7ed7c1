// Goal: the tagger learns names from rules and lists, generalises to names of no list, and the same
// input makes the same bytes; wrong rules are named by line. Method: a small grammar of our own.
#include "router/privacy/names/name_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/privacy/names/name_model_file.h"
#include "router/privacy/names/name_test_model.h"

namespace croft::privacy {
namespace {

using testing::HasSubstr;

std::string tagged(const NameModel& model, std::string_view text) {
  NameScratch scratch;
  std::vector<NameSpan> spans;
  for (std::size_t at = 0; at < text.size();) at = model.find(text, at, scratch, spans);
  std::string out;
  for (const NameSpan& span : spans)
    out += (out.empty() ? "" : "; ") + std::string(entity_name(span.type)) + " " +
           std::string(text.substr(span.start, span.end - span.start));
  return out;
}

TEST(NameTrainer, FindsNamesItWasTaught) {
  const NameModel model(test_model_data());
  EXPECT_EQ(tagged(model, "Anna Adler lives in Bremen."), "PERSON Anna Adler; LOCATION Bremen");
  EXPECT_EQ(tagged(model, "The house in New York is old."), "LOCATION New York");
  EXPECT_EQ(tagged(model, "Dr. Gruber lives in Aachen."),
            "TITLE Dr.; PERSON Gruber; LOCATION Aachen");
  EXPECT_EQ(tagged(model, "the house is old."), "");
}

TEST(NameTrainer, FindsNamesOfNoList) {
  const NameModel model(test_model_data());
  EXPECT_EQ(tagged(model, "Xavier Quandt lives in Zwolle."),
            "PERSON Xavier Quandt; LOCATION Zwolle");
}

TEST(NameTrainer, MeasuresOnTemplatesItHasNotSeen) {
  const auto trained = train_names(test_lists(), test_grammar(), test_options());
  ASSERT_TRUE(trained);
  ASSERT_EQ(trained->held_out.size(), kNameTypes.size());
  EXPECT_EQ(trained->held_out[0].type, "PERSON");
  EXPECT_GT(trained->held_out[0].marked, 1000u);
  EXPECT_GT(trained->held_out[0].recall(), 0.9);
  // "lives in" is among what it has not seen: places are taken for persons there.
  EXPECT_GT(trained->held_out[0].precision(), 0.5);
}

TEST(NameTrainer, TheSameInputMakesTheSameBytes) {
  const auto again = train_names(test_lists(), test_grammar(), test_options());
  ASSERT_TRUE(again);
  EXPECT_EQ(name_model_bytes(again->data), name_model_bytes(test_model_data()));
  NameTrainingOptions other = test_options();
  other.seed = 2;
  const auto changed = train_names(test_lists(), test_grammar(), other);
  ASSERT_TRUE(changed);
  EXPECT_NE(name_model_bytes(changed->data), name_model_bytes(test_model_data()));
}

TEST(NameTrainer, StopsWhenAsked) {
  std::stop_source source;
  NameTrainingOptions options = test_options();
  options.stop = source.get_token();
  source.request_stop();
  const auto stopped = train_names(test_lists(), test_grammar(), options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
}

TEST(TextGrammar, MakesMarkedTexts) {
  const TextGrammar grammar = test_grammar();
  EXPECT_EQ(grammar.templates_count(), 6u);
  std::size_t marks = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    TextRandom random(seed);
    const MarkedText made = grammar.make(random, TextShare::All);
    TextRandom again(seed);
    EXPECT_EQ(grammar.make(again, TextShare::All).text, made.text);
    std::size_t last = 0;
    for (const MarkedText::Mark& mark : made.marks) {
      EXPECT_GE(mark.start, last);
      EXPECT_GT(mark.end, mark.start);
      EXPECT_LE(mark.end, made.text.size());
      last = mark.end;
      ++marks;
    }
  }
  EXPECT_GT(marks, 200u);
}

TEST(TextGrammar, HeldOutTemplatesAreOthers) {
  const TextGrammar grammar = test_grammar();
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    TextRandom random(seed);
    // Alternatives 0 and 5 of text.en.
    const std::string held = grammar.make(random, TextShare::HeldOut).text;
    EXPECT_TRUE(held.find(" lives in ") != std::string::npos || held.starts_with("I met ")) << held;
    EXPECT_EQ(held.find("Mr."), std::string::npos);
    const std::string taught = grammar.make(random, TextShare::Training).text;
    EXPECT_FALSE(taught.starts_with("I met ")) << taught;
  }
}

TEST(TextGrammar, CasesAndEscapes) {
  const auto grammar = TextGrammar::parse(
      "= text\n{w^} {w~} {w!}. {x+} \\(\\#\\) #\\n(a|a)\n= w\nÉmile Zola\n= x\nword\n", "r", {});
  ASSERT_TRUE(grammar) << grammar.error().message;
  TextRandom random(1);
  const std::string text = grammar->make(random, TextShare::All).text;
  EXPECT_TRUE(text.starts_with("ÉMILE ZOLA Émile zola É. Word (#) ")) << text;
  EXPECT_TRUE(text.ends_with("\na")) << text;
}

TEST(TextGrammar, NamesMistakesByLine) {
  const struct {
    const char* rules;
    const char* says;
  } cases[] = {
      {"hello\n", "line 1: this stands before the first rule"},
      {"= text\n", "the rule text has no alternative"},
      {"= text\n{other}\n", "line 2: there is no rule"},
      {"= text\n<names>\n", "line 2: there is no list"},
      {"= text\n(a|b\n", "line 2: a \")\" is missing"},
      {"= text\na)\n", "outside of parentheses"},
      {"= text\na|b\n", "outside of parentheses"},
      {"= text\n{a\n", "\"}\" is missing"},
      {"= text\n{}\n", "\"}\" is missing"},
      {"= text\nx}\n", "without its beginning"},
      {"= text\na\\\n", "a backslash at the end"},
      {"= text\nx\n= text\ny\n", "is there already"},
      {"= text\nx\n= PERSONA\ny\n", "no type of entity"},
      {"= text\nx\n= a b\ny\n", "a rule's name is one word"},
      {"= other\nx\n", "there is no rule \"text\""},
      {"= text\n{a}\n= a\n{b}\n= b\n(x|{a})\n", "leads to itself"},
      {"= text\n{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}\n= a\n{b}{b}{b}{b}{b}{b}{b}{b}{b}{b}{b}{b}\n"
       "= b\n{c}{c}{c}{c}{c}{c}{c}{c}{c}{c}{c}{c}\n= c\n{d}{d}{d}{d}{d}{d}{d}{d}{d}{d}{d}{d}\n"
       "= d\nx\n",
       "far too long"}};
  for (const auto& [rules, says] : cases) {
    const auto grammar = TextGrammar::parse(rules, "rules.txt", {});
    ASSERT_FALSE(grammar) << rules;
    EXPECT_THAT(grammar.error().message, HasSubstr("rules.txt, line "));
    EXPECT_THAT(grammar.error().message, HasSubstr(says)) << rules;
    EXPECT_FALSE(grammar.error().hint.empty());
  }
}

}  // namespace
}  // namespace croft::privacy
