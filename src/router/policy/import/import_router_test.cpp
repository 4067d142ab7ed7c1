// Goal: foreign configurations become what they mean, everything else is listed with its path, keys
// are never copied, and hostile files end early. Method: whole outputs compared; a list of paths;
// files that multiply.
#include "router/policy/import/import_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "router/policy/import/read_yaml.h"

namespace croft {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string notes_text(const RouterImport& made) {
  std::string text;
  for (const ImportNote& note : made.notes)
    text += std::string(import_note_text(note.kind)) + " " + note.place + " " + note.path + ": " +
            note.reason + "\n";
  return text;
}

RouterImport import_test(std::string_view text, const RouterImportOptions& options = {}) {
  auto made = import_router(text, "in", options);
  if (!made) {
    ADD_FAILURE() << made.error().to_string();
    return {};
  }
  return *std::move(made);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

constexpr std::string_view kCorpus =
    CROFT_SOURCE_DIR "/src/router/policy/import/corpus/import_router/";

constexpr std::string_view kLiteLlmToml =
    R"(# Made by `croft route import` from a LiteLLM configuration.

[upstreams."openai"]
dialect = "openai"
url = "https://api.openai.com/v1"
key_env = "ONE_KEY"
total_ms = 30000
retries = 3

[upstreams."ollama"]
dialect = "ollama"
url = "http://127.0.0.1:11434"
total_ms = 60000
retries = 3

[models."openai/gpt-x"]
upstream = "openai"
model = "gpt-x"
price_in = 2.5
price_out = 10
weight = 3

[models."ollama/tiny"]
upstream = "ollama"
model = "tiny"
context = 4096
free = true
capabilities = ["tools", "json", "images"]

[routes."chat"]
cloud = ["openai/gpt-x", "ollama/tiny"]
default = "cloud"
order = "listed"
privacy = "block"

[routes."here"]
cloud = ["ollama/tiny"]
default = "cloud"
order = "weighted"
privacy = "block"

[routes."other"]
cloud = ["openai/gpt-x", "ollama/tiny"]
default = "cloud"
order = "listed"
privacy = "block"
)";

TEST(ImportLiteLlm, Whole) {
  const RouterImport made = import_test(read_text(std::string(kCorpus) + "litellm.yaml"));
  EXPECT_EQ(made.format, "litellm");
  EXPECT_EQ(made.toml, kLiteLlmToml);
  const std::string notes = notes_text(made);
  for (const char* path :
       {"not carried over in:12 model_list[0].litellm_params.rpm: Croft sets no limit",
        "not carried over in:1 defaults: Croft has no such setting",
        "not carried over in:13 model_list[1]: the provider azure speaks no dialect",
        "changed in:19 router_settings.routing_strategy: ",
        "not carried over in:22 litellm_settings.callbacks: see Croft's metrics",
        "not carried over in:23 general_settings: settings of the server",
        "changed in:5 model_list[0]: requests in which something sensitive is found"})
    EXPECT_THAT(notes, HasSubstr(path)) << notes;
  EXPECT_THAT(notes + made.toml, Not(HasSubstr("plain-text-key")));
  EXPECT_THAT(notes + made.toml, Not(HasSubstr("sk-1")));
}

TEST(ImportLiteLlm, PricesAndKeysThatAreMissing) {
  const RouterImport made = import_test(R"(
model_list:
  - model_name: openai/gpt-x
    litellm_params: {model: openai/gpt-x, api_key: sk-secret-value, api_base: "http://10.0.0.1/v1/"}
  - model_name: openai/gpt-x
    litellm_params: {model: openai/gpt-x}
  - model_name: claude
    litellm_params: {model: claude-y, weight: 2}
    model_info: {input_cost_per_token: 3e-6, output_cost_per_token: "0.000015", cache_read_input_token_cost: 3.0e-7}
)");
  EXPECT_THAT(made.toml,
              HasSubstr("[models.\"openai/gpt-x@openai\"]\nupstream = \"openai\"\nmodel = "
                        "\"gpt-x\"\n# price_in =   # per million tokens\n"));
  EXPECT_THAT(made.toml, HasSubstr("[models.\"openai/gpt-x@openai-2\"]"));
  EXPECT_THAT(made.toml, HasSubstr("url = \"http://10.0.0.1/v1\"\ninsecure_http = true\n# Set this "
                                   "variable to the key.\nkey_env = \"SET_ME_OPENAI\"\n"));
  EXPECT_THAT(made.toml, HasSubstr("key_env = \"ANTHROPIC_API_KEY\""));
  EXPECT_THAT(made.toml,
              HasSubstr("price_in = 3\nprice_out = 15\nprice_cached = 0.3\nweight = 2\n"));
  EXPECT_THAT(made.toml, HasSubstr("cloud = [\"openai/gpt-x@openai\", \"openai/gpt-x@openai-2\"]\n"
                                   "default = \"cloud\"\norder = \"weighted\"\n"));
  const std::string notes = notes_text(made);
  EXPECT_THAT(notes, HasSubstr("to finish in:4 model_list[0].litellm_params.api_key: a key is "
                               "written out there"));
  EXPECT_THAT(notes, HasSubstr("model_list[0]: has no price"));
  EXPECT_THAT(notes + made.toml, Not(HasSubstr("sk-secret")));
}

TEST(ImportLiteLlm, WhatCannotBeCarriedIsListed) {
  const RouterImport made = import_test(R"(
model_list:
  - {model_name: "*", litellm_params: {model: "*"}}
  - {model_name: v, litellm_params: {model: openai/e}, model_info: {mode: embedding}}
  - {litellm_params: {model: openai/x}}
  - {model_name: b, litellm_params: {model: mystery}}
  - {model_name: c, litellm_params: {model: hosted_vllm/x}}
  - {model_name: d, litellm_params: {model: openai/x, input_cost_per_token: 0, output_cost_per_token: 0, temperature: 0.5}, tpm: 5}
litellm_settings: {fallbacks: [{b: [d]}, {d: [b]}], drop_params: true}
router_settings: {model_group_alias: {d: d, e: nobody}, allowed_fails: 3, cooldown_time: 60, redis_host: h}
environment_variables: {SECRET: abc}
)");
  const std::string notes = notes_text(made);
  for (const char* path :
       {"model_list[0]: a wildcard",
        "model_list[1]: routes are for chats, and this is for embedding",
        "model_list[2]: has no model_name", "model_list[3]: its provider cannot be told",
        "model_list[4]: has no api_base", "model_list[5].litellm_params.temperature: Croft sets no",
        "model_list[5].tpm: ", "litellm_settings.fallbacks[0].b: names no model",
        "litellm_settings.fallbacks[1].d[0]: names no model",
        "litellm_settings.drop_params: Croft refuses",
        "router_settings.model_group_alias.d: stands for", "model_group_alias.e: stands for",
        "router_settings.redis_host: Croft has no such setting",
        "environment_variables: values of variables may be keys"})
    EXPECT_THAT(notes, HasSubstr(path)) << notes;
  EXPECT_THAT(made.toml, HasSubstr("breaker_failures = 4\nbreaker_cool_down_s = 60\n"));
  EXPECT_THAT(made.toml, HasSubstr("price_in = 0\nprice_out = 0\n"));
  EXPECT_THAT(notes, Not(HasSubstr("abc")));
}

constexpr std::string_view kLemonadeToml =
    R"(# Made by `croft route import` from a collection.router of Lemonade.

[models."b"]
# upstream =   # an entry of [upstreams]
# price_in =   # per million tokens
# price_out =

[routes."user.Own"]
local = ["local:a"]
cloud = ["b"]
order = "listed"
default = "local"

[[routes."user.Own".rules]]
name = "words"
when = { keywords_any = ["one"], bytes_max = 9 }
use = "b"

[[routes."user.Own".rules]]
name = "both"
when = { any = [{ tools = true }, { not = { total_bytes_min = 5 } }] }
use = "local:a"

# Rule asks was not carried over: its condition classifier has no equal in Croft

# Rule shape was not carried over: its condition regex has no equal in Croft
)";

TEST(ImportLemonade, Whole) {
  const RouterImport made = import_test(read_text(std::string(kCorpus) + "lemonade.json"),
                                        {.format = ImportFormat::Auto, .cloud = {"b"}});
  EXPECT_EQ(made.format, "lemonade");
  EXPECT_EQ(made.toml, kLemonadeToml);
  const std::string notes = notes_text(made);
  for (const char* path :
       {"changed in routing.default_model: fails open there",
        "not carried over in routing.rules[2]: its condition classifier has no equal in Croft. "
        "Requests that it matched now go on",
        "not carried over in routing.classifiers: its classifiers are models",
        "not carried over in components: its list of models",
        "to finish in routing.candidates: the file does not say where b runs"})
    EXPECT_THAT(notes, HasSubstr(path)) << notes;
}

TEST(ImportLemonade, FailOpenToTheCloudIsFlagged) {
  const RouterImport made = import_test(
      R"({"routing": {"candidates": ["a", "b"], "default_model": "b", "router": {"type": "llm"}}})",
      {.format = ImportFormat::Auto, .cloud = {"b"}});
  EXPECT_THAT(made.toml, HasSubstr("default = \"cloud\""));
  EXPECT_THAT(made.toml, HasSubstr("[routes.\"croft/auto\"]"));
  EXPECT_THAT(notes_text(made), HasSubstr("goes to the cloud. In Croft it goes there only where"));
  EXPECT_THAT(notes_text(made), HasSubstr("routing.router: without its language model"));
  const RouterImport unknown = import_test(R"({"routing": {"candidates": ["a", "b"]}})");
  EXPECT_THAT(notes_text(unknown), HasSubstr("does not say which candidates run in the cloud"));
}

struct Refused {
  std::string text;
  ErrorCode code;
  std::string_view says;
};

TEST(ImportRouter, RefusesWhatItCannotRead) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ", ") + before;
    bomb += "]\n";
  }
  std::string chain = "a0: &a0 [[[[[[[[x]]]]]]]]\n";
  for (int i = 1; i < 20; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[*a" +
             std::to_string(i - 1) + "]]]]]]]]\n";
  const Refused cases[] = {
      {bomb, ErrorCode::TooLarge, "more than 50000 values, aliases expanded"},
      {chain, ErrorCode::InvalidArgument, "nested too deep"},
      {std::string(100, '['), ErrorCode::InvalidArgument, "in:1: "},
      {std::string(100'000, '['), ErrorCode::InvalidArgument, "in:1: "},
      {std::string(100'000, '{'), ErrorCode::InvalidArgument, "in"},
      {std::string(import_bytes_max + 1, 'x'), ErrorCode::TooLarge, "is longer than"},
      {"a: &a [*a]\n", ErrorCode::InvalidArgument, "in:1: "},
      {"a: 1\na: 2\n", ErrorCode::InvalidArgument, "in:2: the key 'a' is given twice"},
      {"? [x]\n: 1\n", ErrorCode::InvalidArgument, "a key must be a string"},
      {"a: [1, 2\nb: 3\n", ErrorCode::InvalidArgument, "no YAML: "},
      {"<<: 5\n", ErrorCode::InvalidArgument, "<< must name a table"},
      {"", ErrorCode::InvalidArgument, "in has nothing in it"},
      {"a: 1\n", ErrorCode::InvalidArgument, "in has neither a model_list (LiteLLM) nor"},
      {"{\"model_list\": [}", ErrorCode::InvalidArgument, "in is not valid JSON"},
      {"model_list: []\n", ErrorCode::InvalidArgument, "has no model_list with entries"},
      {"routing: 5\n", ErrorCode::InvalidArgument, "has no table routing"},
      {"routing: {candidates: []}\n", ErrorCode::InvalidArgument, "candidates names no model"},
      {"version: \"2\"\nrouting: {candidates: [a]}\n", ErrorCode::InvalidArgument,
       "version is not \"1\""},
  };
  for (const Refused& each : cases) {
    const auto made = import_router(each.text, "in", {});
    ASSERT_FALSE(made.has_value()) << each.text.substr(0, 80);
    EXPECT_EQ(made.error().code, each.code) << made.error().message;
    EXPECT_THAT(made.error().message, HasSubstr(each.says)) << each.text.substr(0, 80);
  }
  const auto unknown =
      import_router("routing: {candidates: [abc]}\n", "in", {.format = {}, .cloud = {"abd"}});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("Did you mean abc?"));
}

TEST(ReadYaml, ScalarsAndMerges) {
  const auto read = read_yaml(
      "a: &a {x: 1, y: yes, z: ~}\n"
      "b: {<<: *a, x: 2.5}\n"
      "c: ['5', \"yes\", !!str 5, 1e-6, +3, 0x1F, 1.2.3, off, .5]\n",
      "in");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const ConfigNode& b = *read->find("b");
  EXPECT_DOUBLE_EQ(b.find("x")->real, 2.5);
  EXPECT_TRUE(b.find("y")->flag);
  EXPECT_EQ(b.find("y")->key, "b.y");
  EXPECT_EQ(b.find("z")->kind, NodeKind::Null);
  const std::vector<NodeKind> kinds = {NodeKind::Text, NodeKind::Text,    NodeKind::Text,
                                       NodeKind::Real, NodeKind::Integer, NodeKind::Text,
                                       NodeKind::Text, NodeKind::Flag,    NodeKind::Real};
  for (std::size_t i = 0; i < kinds.size(); ++i)
    EXPECT_EQ(read->find("c")->items[i].kind, kinds[i]) << i;
  EXPECT_EQ(read->find("c")->items[1].place(), "in:3");
}

}  // namespace
}  // namespace croft
