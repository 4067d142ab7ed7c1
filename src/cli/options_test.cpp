// Goal: the options table contradicts itself nowhere, and what is written about it is current.
// Method: invariants over every row; the committed files against freshly made ones; shells check
// the scripts' syntax.
#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "cli/command.h"
#include "cli/completions.h"
#include "cli/help.h"
#include "cli/reference.h"
#include "cli/settings.h"

namespace croft::cli {
namespace {

std::vector<const OptionSpec*> options_of(const VerbSpec& verb) {
  std::vector<const OptionSpec*> all;
  for (const auto* options : {&verb.options, &global_options()})
    for (const OptionSpec& option : *options) all.push_back(&option);
  return all;
}

TEST(Options, NamesAndAliasesAreUnique) {
  std::set<std::string_view> verb_names;
  for (const VerbSpec& verb : verbs()) {
    EXPECT_TRUE(verb_names.insert(verb.name).second) << verb.name;
    std::set<std::string> seen;
    for (const OptionSpec* option : options_of(verb)) {
      EXPECT_TRUE(seen.insert(std::string(option->name)).second) << verb.name << option->name;
      const std::string alias = "-" + std::string(1, option->alias);
      EXPECT_TRUE(option->alias == 0 || seen.insert(alias).second) << verb.name << alias;
    }
  }
}

TEST(Options, DefaultsAreValidAndHelpIsOneSentencePart) {
  for (const VerbSpec& verb : verbs()) {
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
    for (const OptionSpec* option : options_of(verb)) {
      EXPECT_FALSE(option->help.empty()) << option->name;
      EXPECT_FALSE(option->help.ends_with('.')) << option->name;
      EXPECT_EQ(option->kind == OptionKind::Flag, option->value_name.empty()) << option->name;
      EXPECT_EQ(option->kind == OptionKind::Choice, !option->choices.empty()) << option->name;
      const std::string fallback(option->fallback);
      EXPECT_TRUE(fallback.empty() || check_value(*option, fallback, "default")) << option->name;
    }
  }
}

TEST(Options, OneEnvironmentVariableMeansOneKindOfValue) {
  std::map<std::string, OptionKind> kinds;
  for (const VerbSpec& verb : verbs())
    for (const OptionSpec* option : options_of(verb)) {
      if (!option->in_environment) continue;
      EXPECT_EQ(kinds.emplace(environment_name(*option), option->kind).first->second, option->kind)
          << environment_name(*option);
    }
}

TEST(Options, EveryVerbHasCode) {
  for (const VerbSpec& verb : verbs()) EXPECT_NE(find_handler(verb.name), nullptr) << verb.name;
}

TEST(Options, TwinsFollowFromTheName) {
  const OptionSpec& option = *find_option(*find_verb("run"), "max-tokens");
  EXPECT_EQ(environment_name(option), "CROFT_MAX_TOKENS");
  EXPECT_EQ(config_key(find_verb("run"), option), "run.max_tokens");
  EXPECT_EQ(config_key(find_verb("template render"), {.name = "a-b", .help = ""}),
            "template.render.a_b");
  EXPECT_EQ(value_range(*find_option(*find_verb("run"), "kv-type")), "f32, f16, bf16 or q8_0");
  EXPECT_EQ(value_range(*find_option(*find_verb("run"), "top-p")), "0 to 1");
}

TEST(Options, HelpNamesEveryOption) {
  for (const VerbSpec& verb : verbs())
    for (const OptionSpec* option : options_of(verb))
      EXPECT_THAT(verb_help(verb), testing::HasSubstr("--" + std::string(option->name)));
}

TEST(Options, EveryExitCodeIsDocumented) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::Internal); ++i)
    EXPECT_THAT(markdown_reference(),
                testing::HasSubstr(
                    "\n| " + std::to_string(traits(static_cast<ErrorCode>(i)).exit_code) + " | "));
}

struct MadeFile {
  const char* path;
  std::string (*make)();
  const char* command;
  const char* check_syntax;  ///< a command that takes the file's path, or null
};

class MadeFiles : public testing::TestWithParam<MadeFile> {};

TEST_P(MadeFiles, AreCurrent) {
  const std::string path = std::string(CROFT_SOURCE_DIR "/") + GetParam().path;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), GetParam().make())
      << "make it again: " << GetParam().command << " > " << GetParam().path;
}

TEST_P(MadeFiles, AreValidForTheirShell) {
  if (GetParam().check_syntax == nullptr) GTEST_SKIP() << "no shell reads this file";
  const std::string tool = GetParam().check_syntax;
  const std::string shell = tool.substr(0, tool.find(' '));
  if (std::system(("command -v " + shell + " > /dev/null").c_str()) != 0)
    GTEST_SKIP() << shell << " is not installed";
  const std::string path = std::string(CROFT_SOURCE_DIR "/") + GetParam().path;
  EXPECT_EQ(std::system((tool + " " + path).c_str()), 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, MadeFiles,
    testing::Values(MadeFile{"docs/cli.md", markdown_reference, "croft docs cli", nullptr},
                    MadeFile{"packaging/man/croft.1", man_page, "croft docs man",
                             "man --warnings=all -l > /dev/null"},
                    MadeFile{"packaging/completions/croft.bash", bash_completion,
                             "croft completions bash", "bash -n"},
                    MadeFile{"packaging/completions/_croft", zsh_completion,
                             "croft completions zsh", "zsh -n"},
                    MadeFile{"packaging/completions/croft.fish", fish_completion,
                             "croft completions fish", "fish -n"}));

}  // namespace
}  // namespace croft::cli
