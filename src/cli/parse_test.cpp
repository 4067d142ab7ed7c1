// Goal: argv is taken apart as a person means it, and every mistake is named with a way out.
// Method: tables of command lines, the valid and the invalid half.
#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace croft::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Args = std::vector<std::string>;

ParsedArguments parsed(const Args& args) {
  auto result = parse_arguments(args);
  EXPECT_TRUE(result) << result.error().to_string();
  return std::move(result).value();
}

TEST(Parse, OptionsMayStandAnywhere) {
  const auto got = parsed({"--quiet", "run", "model.gguf", "--max-tokens", "5", "Once", "-c=9"});
  EXPECT_EQ(got.verb->name, "run");
  EXPECT_THAT(got.arguments, ElementsAre("model.gguf", "Once"));
  EXPECT_THAT(got.options.at("max-tokens"), ElementsAre("5"));
  EXPECT_THAT(got.options.at("quiet"), ElementsAre("true"));
}

TEST(Parse, TextStaysWhole) {
  const auto got = parsed({"run", "m", "[a,b]", "show", "{\"x\": 1}", "", "--system", "[c,d]"});
  EXPECT_THAT(got.arguments, ElementsAre("m", "[a,b]", "show", "{\"x\": 1}", ""));
  EXPECT_THAT(got.options.at("system"), ElementsAre("[c,d]"));
}

TEST(Parse, DashesAfterADoubleDashAreText) {
  EXPECT_THAT(parsed({"run", "m", "--", "--help", "-x"}).arguments,
              ElementsAre("m", "--help", "-x"));
}

TEST(Parse, AloneDashIsAnArgumentAndNegativeNumbersAreValues) {
  const auto got = parsed({"tokenize", "--model", "f", "--json", "-"});
  EXPECT_THAT(got.arguments, ElementsAre("-"));
  EXPECT_THAT(parsed({"run", "m", "--temperature", "-1"}).options.at("temperature"),
              ElementsAre("-1"));
}

TEST(Parse, TwoWordVerbsAndTheirDefaults) {
  EXPECT_EQ(parsed({"template", "render", "f", "--input", "c"}).verb->name, "template render");
  EXPECT_EQ(parsed({"--config", "x.toml", "config", "show"}).verb->name, "config show");
  EXPECT_EQ(parsed({}).verb->name, "help");
  EXPECT_EQ(parsed({"--version"}).verb->name, "version");
}

TEST(Parse, AGlobalOptionWithoutItsValueIsAMistake) {
  for (const Args& args : {Args{"--models-dir"}, Args{"--quiet", "--config"}}) {
    const auto result = parse_arguments(args);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Parse, ListsKeepTheirOrder) {
  EXPECT_THAT(parsed({"serve", "--allow-host", "b", "--allow-host", "a"}).options.at("allow-host"),
              ElementsAre("b", "a"));
}

struct Mistake {
  Args args;
  const char* says;
};

TEST(Parse, MistakesAreNamedWithAWayOut) {
  const Mistake mistakes[] = {
      {{"rum", "m"}, "`croft run`"},
      {{"zzzzzz"}, "`croft help` lists the verbs"},
      {{"template"}, "`croft template render`"},
      {{"run"}, "'run' needs MODEL"},
      {{"run", "m", "--max-token", "3"}, "--max-tokens"},
      {{"run", "m", "--max-tokens"}, "--max-tokens"},
      {{"show", "a", "b"}, "takes no argument 'b'"},
      {{"completions", "tcsh"}, "bash|zsh|fish"},
      {{"list", "--frobnicate"}, "'list' has no option --frobnicate"},
  };
  for (const Mistake& mistake : mistakes) {
    const auto result = parse_arguments(mistake.args);
    ASSERT_FALSE(result) << mistake.args.front();
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(result.error().to_string(), HasSubstr(mistake.says));
  }
}

}  // namespace
}  // namespace croft::cli
