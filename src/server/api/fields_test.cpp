// Goal: every field of every route is honoured within its range and refused outside (S1), and
// docs/api.md says what the table says. Method: the table itself is walked; every number meets a
// list of hostile values.
#include "server/api/fields.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace croft {
namespace {

json::object object_of(std::string_view text) {
  return parse_json(text, "test").value().as_object();
}

/// A body with every required field and `name` set.
json::object body_with(std::span<const Field> fields, std::string_view name, json::value value) {
  json::object body;
  for (const Field& field : fields)
    if (field.rule == FieldRule::Required)
      body[field.name] = (field.types & field_string) != 0    ? json::value("x")
                         : (field.types & field_integer) != 0 ? json::value(field.min)
                                                              : json::value(json::array{});
  body[name] = std::move(value);
  return body;
}

TEST(Fields, S1_EveryNumberIsRangeChecked) {
  const json::value huge = parse_json("1e999", "test").value_or(json::value("not a number"));
  for (const RouteFields& route : all_routes()) {
    for (const Field& field : route.fields) {
      const bool is_number = (field.types & (field_integer | field_number)) != 0;
      if (!is_number || field.rule == FieldRule::Refused || field.min == field.max) continue;
      const auto checked = [&](json::value value) {
        return check_fields(route.fields, body_with(route.fields, field.name, std::move(value)));
      };
      const std::string where = std::string(route.path) + " " + std::string(field.name);
      for (const json::value& bad :
           {json::value(field.min - 1), json::value(field.max + 1), json::value(1e308),
            json::value(-1e308), json::value(INT64_MIN), json::value(INT64_MAX),
            json::value(UINT64_MAX), json::value("5"), json::value(true),
            json::value(json::array{1}), json::value(json::object{}), huge}) {
        const auto result = checked(bad);
        ASSERT_FALSE(result) << where << " " << json::serialize(bad);
        EXPECT_EQ(result.error().field, field.name) << where;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << where;
      }
      if ((field.types & field_number) == 0) {
        EXPECT_FALSE(checked(field.min + 0.5)) << where;
      }
      EXPECT_TRUE(checked(field.min)) << where;
      EXPECT_TRUE(checked(field.max)) << where;
      EXPECT_EQ(checked(nullptr).has_value(), field.rule != FieldRule::Required)
          << where << ": null counts as absent";
    }
  }
}

TEST(Fields, S1_SeedsTakeAny64Bits) {
  const auto passes = [](json::value seed) {
    return check_fields(chat_fields(), body_with(chat_fields(), "seed", std::move(seed)))
        .has_value();
  };
  EXPECT_TRUE(passes(INT64_MIN));
  EXPECT_TRUE(passes(UINT64_MAX));
  EXPECT_TRUE(passes(3.0));
  EXPECT_FALSE(passes(3.5));
  EXPECT_FALSE(passes(1e300));
  EXPECT_FALSE(passes("seven"));
}

TEST(Fields, RefusedFieldsAreNamedAndTheirNeutralValuesPass) {
  for (const RouteFields& route : all_routes()) {
    for (const Field& field : route.fields) {
      if (field.rule != FieldRule::Refused) continue;
      const auto result = check_fields(
          route.fields, body_with(route.fields, field.name, json::value("no neutral value")));
      ASSERT_FALSE(result) << field.name;
      EXPECT_EQ(result.error().field, field.name);
      const json::value neutral = parse_json(field.neutral, "neutral values").value();
      for (const json::value& value : neutral.as_array())
        EXPECT_TRUE(check_fields(route.fields, body_with(route.fields, field.name, value)))
            << field.name << " " << json::serialize(value);
    }
  }
}

TEST(Fields, RequiredFieldsAreMissed) {
  for (const RouteFields& route : all_routes()) {
    if (route.method != "POST") continue;
    const auto result = check_fields(route.fields, {});
    ASSERT_FALSE(result) << route.path;
    EXPECT_EQ(result.error().field, route.fields.front().name);
  }
}

TEST(Fields, UnknownFieldsBecomeWarnings) {
  const json::object body = object_of(R"({"prompt": "x", "no_such": 1, "other": null})");
  const auto warnings = check_fields(completion_fields(), body).value();
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("no_such"), std::string::npos);

  json::object many = object_of(R"({"prompt": "x"})");
  for (int i = 0; i < 1000; ++i) many["unknown" + std::to_string(i)] = i;
  EXPECT_LE(check_fields(completion_fields(), many).value().size(), 17u);
}

TEST(Fields, TheTableIsWellFormed) {
  std::set<std::string_view> paths;
  for (const RouteFields& route : all_routes()) {
    EXPECT_TRUE(paths.insert(route.path).second) << route.path;
    std::set<std::string_view> names;
    for (const Field& field : route.fields) {
      EXPECT_TRUE(names.insert(field.name).second) << route.path << " " << field.name;
      EXPECT_NE(field.types, 0u) << field.name;
      EXPECT_LE(field.min, field.max) << field.name;
      EXPECT_TRUE(parse_json(field.neutral, "neutral").value().is_array()) << field.name;
    }
  }
}

TEST(Fields, EveryDocumentedOpenAiFieldIsInTheTable) {
  // From openai-openapi's CreateChatCompletionRequest, CreateCompletionRequest and
  // CreateEmbeddingRequest.
  const auto expect_all = [](std::span<const Field> fields, std::vector<std::string_view> names) {
    for (const std::string_view name : names)
      EXPECT_TRUE(std::ranges::any_of(fields, [&](const Field& f) { return f.name == name; }))
          << name;
  };
  expect_all(chat_fields(), {"messages",
                             "model",
                             "store",
                             "reasoning_effort",
                             "metadata",
                             "frequency_penalty",
                             "logit_bias",
                             "logprobs",
                             "top_logprobs",
                             "max_tokens",
                             "max_completion_tokens",
                             "n",
                             "modalities",
                             "prediction",
                             "audio",
                             "presence_penalty",
                             "response_format",
                             "seed",
                             "service_tier",
                             "stop",
                             "stream",
                             "stream_options",
                             "temperature",
                             "top_p",
                             "tools",
                             "tool_choice",
                             "parallel_tool_calls",
                             "user",
                             "function_call",
                             "functions",
                             "web_search_options",
                             "verbosity",
                             "safety_identifier",
                             "prompt_cache_key",
                             "prompt_cache_retention"});
  expect_all(completion_fields(),
             {"model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs",
              "max_tokens", "n", "presence_penalty", "seed", "stop", "stream", "stream_options",
              "suffix", "temperature", "top_p", "user"});
  expect_all(embedding_fields(), {"input", "model", "encoding_format", "dimensions", "user"});
}

TEST(Fields, TheReferenceInDocsIsTheTable) {
  std::ifstream file(std::string(CROFT_SOURCE_DIR) + "/docs/api.md");
  std::stringstream text;
  text << file.rdbuf();
  if (text.str() != api_reference_markdown()) {
    const std::string fresh = ::testing::TempDir() + "/api.md";
    std::ofstream(fresh) << api_reference_markdown();
    FAIL() << "docs/api.md is out of date: copy " << fresh << " over it";
  }
}

}  // namespace
}  // namespace croft
