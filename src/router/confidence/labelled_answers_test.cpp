// Goal: labelled rows mean what the format says, and every mistake is a sentence with its line.
// Method: small texts; a table of wrong ones.
#include "router/confidence/labelled_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace croft {
namespace {

using testing::HasSubstr;

TEST(LabelledAnswers, ReadsHeaderAndRows) {
  const auto data = parse_labelled_answers(
      R"({"meta": {"model_digest": "sha256:ab", "template_hash": "t1", "early_tokens": 16, "machine": "x"}})"
      "\n"
      R"({"id": "a", "task": "math", "acceptable": true, "cloud_acceptable": true, "cost": 0.5, "features": {"prefill": {"prompt_tokens": 7}, "end": {"logprob_mean": -0.25, "label_margin": null}}})"
      "\r\n\n"
      R"({"id": "b", "acceptable": false, "cloud_acceptable": false, "cost": 1, "features": {"end": {}}})"
      "\n"
      R"({"id": "c", "acceptable": false, "cloud_acceptable": true, "cost": 2, "features": {"end": {}}})",
      "rows");
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  EXPECT_EQ(data->model_digest, "sha256:ab");
  EXPECT_EQ(data->template_hash, "t1");
  EXPECT_EQ(data->early_tokens, 16U);
  EXPECT_TRUE(data->against_cloud && data->has_costs && data->kind == LossKind::Binary);
  ASSERT_EQ(data->rows.size(), 3U);
  const LabelledAnswer& first = data->rows[0];
  EXPECT_EQ(first.task, "math");
  EXPECT_EQ(first.cost, 0.5);
  EXPECT_EQ((*first.features[0])[ConfidenceFeature::PromptTokens], 7);
  EXPECT_FALSE(first.features[1].has_value());
  EXPECT_EQ((*first.features[2])[ConfidenceFeature::LogprobMean], -0.25);
  EXPECT_TRUE(std::isnan((*first.features[2])[ConfidenceFeature::LabelMargin]));
  EXPECT_EQ(data->rows[0].loss, 0.0);
  EXPECT_EQ(data->rows[1].loss, 0.0);  // the cloud would have failed too
  EXPECT_EQ(data->rows[2].loss, 1.0);
  EXPECT_EQ(data->digest.size(), 64U);
}

TEST(LabelledAnswers, LossesBetween) {
  const auto data =
      parse_labelled_answers(R"({"id": "a", "loss": 0.25, "features": {"end": {}}})", "rows");
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(data->kind, LossKind::Bounded);
  EXPECT_FALSE(data->against_cloud || data->has_costs);
  EXPECT_EQ(data->rows[0].loss, 0.25);
}

TEST(LabelledAnswers, MistakesNameTheirLine) {
  struct Case {
    std::string text;
    const char* says;
  };
  const std::string good = R"({"id": "a", "acceptable": true, "features": {"end": {}}})";
  const auto row = [](const char* members) {
    return std::string("{\"id\": \"a\", ") + members + "}";
  };
  const Case cases[] = {
      {"", "has no rows"},
      {"\n \n", "has no rows"},
      {R"({"meta": {}})", "has no rows"},
      {"{", "rows:1 is not valid JSON"},
      {good + "\n[]", "rows:2: a row must be a JSON object"},
      {good + "\n\n" + good, "rows:3: the id \"a\" is that of line 1 too"},
      {good + "\n" + R"({"meta": {}})", "rows:2: \"meta\" is for the first line only"},
      {R"({"meta": 3})", "\"meta\" must be an object"},
      {R"({"meta": {}, "id": "a"})", "unknown member \"id\" in the header line"},
      {R"({"meta": {"model_digest": "a b"}})", "characters of no digest"},
      {R"({"meta": {"early_tokens": 0}})", "must lie between"},
      {R"({"meta": {"early_tokens": 1.5}})", "no whole number"},
      {R"({"acceptable": true, "features": {"end": {}}})", "\"id\" must be a text"},
      {R"({"id": "", "acceptable": true, "features": {"end": {}}})", "1 to 256 bytes"},
      {R"({"id": ")" + std::string(300, 'x') + R"(", "acceptable": true})", "1 to 256 bytes"},
      {row(R"("features": {"end": {}})"), "either \"acceptable\" or \"loss\""},
      {row(R"("acceptable": true, "loss": 0, "features": {"end": {}})"), "either"},
      {row(R"("acceptable": 1, "features": {"end": {}})"), "must be true or false"},
      {row(R"("loss": 1.5, "features": {"end": {}})"), "it must lie between"},
      {row(R"("loss": -0.1, "features": {"end": {}})"), "it must lie between"},
      {row(R"("loss": NaN, "features": {"end": {}})"), "not valid JSON"},
      {row(R"("loss": "0", "features": {"end": {}})"), "must be a number"},
      {row(R"("acceptable": true, "cost": -1, "features": {"end": {}})"), "it must lie between"},
      {row(R"("acceptable": true, "score": 1, "features": {"end": {}})"),
       "unknown member \"score\""},
      {row(R"("acceptable": true)"), "\"features\" must be an object"},
      {row(R"("acceptable": true, "features": {"middle": {}})"),
       "unknown decision point \"middle\""},
      {row(R"("acceptable": true, "features": {"end": 3})"), "of end must be an object"},
      {row(R"("acceptable": true, "features": {"end": {"logprobs": 1}})"),
       "unknown feature \"logprobs\""},
      {row(R"("acceptable": true, "features": {"end": {"logprob_mean": 0.5}})"),
       "\"logprob_mean\" is 5E-1"},
      {row(R"("acceptable": true, "features": {"end": {"logprob_mean": "x"}})"),
       "must be a number"},
      {row(R"("acceptable": true, "features": {"end": {"token_count": 1e308}})"),
       "it must lie between"},
      {good + "\n" + R"({"id": "b", "loss": 1, "features": {"end": {}}})",
       "rows:2: this row measures otherwise"},
      {good + "\n" +
           R"({"id": "b", "acceptable": true, "cloud_acceptable": true, "features": {"end": {}}})",
       "measures otherwise"},
      {good + "\n" + R"({"id": "b", "acceptable": true, "cost": 1, "features": {"end": {}}})",
       "measures otherwise"},
      {R"({"id": [[[[[[[[[[1]]]]]]]]]]})", "not valid JSON"},
      {std::string(2 << 20, 'x'), "over 1 MiB"},
  };
  for (const Case& one : cases) {
    const auto data = parse_labelled_answers(one.text, "rows");
    ASSERT_FALSE(data.has_value()) << one.text.substr(0, 200);
    EXPECT_THAT(data.error().message, HasSubstr(one.says));
    EXPECT_THAT(data.error().message, HasSubstr("rows"));
    EXPECT_NE(data.error().code, ErrorCode::Internal);
  }
}

}  // namespace
}  // namespace croft
