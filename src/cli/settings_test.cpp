// Goal: flag > environment > file > default, every value checked, every refusal with its place.
// Method: an environment and a file made of strings; no process state is read.
#include "cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace croft::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Environment environment_of(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

Result<Settings> settings_of(const std::vector<std::string>& args, const Environment& environment,
                             std::string_view toml = "") {
  ParsedArguments parsed = TRY(parse_arguments(args));
  const std::vector<ConfigValue> file = TRY(parse_config(toml, "/etc/croft/croft.toml"));
  return Settings::create(std::move(parsed), environment, file);
}

TEST(Settings, TheNearerSourceWins) {
  const std::string_view toml = "[serve]\nport = 1\nparallel = 2\ncontext = 3\n";
  const auto settings =
      settings_of({"serve", "--port", "11"},
                  environment_of({{"CROFT_PORT", "12"}, {"CROFT_PARALLEL", "13"}}), toml);
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->integer("port"), 11);
  EXPECT_EQ(settings->integer("parallel"), 13);
  EXPECT_EQ(settings->integer("context"), 3);
  EXPECT_EQ(settings->integer("queue"), 512);
  EXPECT_EQ(settings->origin("port"), Origin::Flag);
  EXPECT_EQ(settings->origin("parallel"), Origin::Environment);
  EXPECT_EQ(settings->origin("context"), Origin::File);
  EXPECT_EQ(settings->origin("queue"), Origin::Default);
}

TEST(Settings, AFlagCanBeTakenBack) {
  const auto settings =
      settings_of({"serve", "--require-key=false"}, environment_of({{"CROFT_REQUIRE_KEY", "1"}}));
  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->flag("require-key"));
  EXPECT_FALSE(settings->flag("quiet"));
}

TEST(Settings, ListsComeFromArraysCommasAndRepetition) {
  const auto from_file = settings_of({"serve"}, environment_of({}),
                                     "serve.allow_origin = [\"https://a\", \"https://b\"]");
  EXPECT_THAT(from_file->list("allow-origin"), ElementsAre("https://a", "https://b"));
  const auto from_environment =
      settings_of({"serve"}, environment_of({{"CROFT_ALLOW_ORIGIN", "https://a,https://b"}}));
  EXPECT_THAT(from_environment->list("allow-origin"), ElementsAre("https://a", "https://b"));
}

TEST(Settings, WrongValuesAreRefusedWithTheirPlace) {
  const struct {
    std::vector<std::string> args;
    std::map<std::string, std::string> environment;
    const char* toml;
    const char* says;
  } cases[] = {
      {{"serve", "--port", "65536"}, {}, "", "--port is '65536', but port must be a whole number"},
      {{"serve", "--port", "8e3"}, {}, "", "--port is '8e3'"},
      {{"serve"}, {{"CROFT_PORT", "x"}}, "", "CROFT_PORT is 'x'"},
      {{"serve"}, {}, "\n[serve]\nport = 70000", "/etc/croft/croft.toml:3 is '70000'"},
      {{"serve"}, {}, "serve.port = \"80\"", "serve.port must be a whole number"},
      {{"serve"}, {}, "serve.prot = 80", "Did you mean serve.port?"},
      {{"serve"}, {}, "[serve]\nport = ", "croft.toml:2"},
      {{"serve"}, {}, "serve.port = 2026-11-21", "no usable value"},
      {{"run", "m", "--temperature", "nan"}, {}, "", "--temperature is 'nan'"},
      {{"run", "m", "--top-p", "1.5"}, {}, "", "0 to 1"},
      {{"run", "m", "--kv-type", "f8"}, {}, "", "f32, f16, bf16 or q8_0"},
      {{"run", "m", "--raw=maybe"}, {}, "", "true or false"},
      {{"tokenize", "text"}, {}, "", "needs --model MODEL"},
  };
  for (const auto& test : cases) {
    const auto settings = settings_of(test.args, environment_of(test.environment), test.toml);
    ASSERT_FALSE(settings) << test.says;
    EXPECT_EQ(settings.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(settings.error().to_string(), HasSubstr(test.says));
  }
}

TEST(Settings, ConfigurationKeysOfTheCommandLineAloneAreUnknown) {
  EXPECT_FALSE(settings_of({"list"}, environment_of({}), "list.json = true"));
  EXPECT_TRUE(settings_of({"list"}, environment_of({}), "quiet = true"));
}

TEST(Settings, RequiredOptionsMayComeFromTheFile) {
  const auto settings =
      settings_of({"tokenize", "text"}, environment_of({}), "[tokenize]\nmodel = \"m.gguf\"");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->text("model"), "m.gguf");
}

}  // namespace
}  // namespace croft::cli
