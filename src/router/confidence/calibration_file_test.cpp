// Goal: what is written is read back the same, and a file that is damaged, edited or made for
// another model is refused with a reason. Method: one calibration with everything in it; edits of
// its text, with the digest left as it was and with a right one.
#include "router/confidence/calibration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "io/test_folder.h"
#include "router/confidence/calibrate.h"
#include "router/confidence/test_answers.h"

namespace croft {
namespace {

using testing::HasSubstr;

Calibration sample(bool isotonic = true) {
  const test::Population all =
      test::draw_population([](double place) { return place > 0.5 ? 0.01 : 0.6; }, 5000, 1);
  LabelledAnswers data = test::draw_answers(all, 2000, 2);
  data.model_digest = "sha256:0123";
  data.template_hash = "t-1";
  data.early_tokens = 24;
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    data.rows[i].features[1] = data.rows[i].features[2];
    if (i % 4 == 0)
      (*data.rows[i].features[1])[ConfidenceFeature::LogprobQ10] =
          std::numeric_limits<double>::quiet_NaN();
    data.rows[i].task = "t\"ä\n";
  }
  Calibration made = calibrate(data, {.isotonic = isotonic, .task = "t\"ä\n"}).value();
  made.created = "2026-01-31T23:59:59Z";
  return made;
}

/// `text` with one edit and a digest that fits.
std::string edited(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return with_content_digest(text.substr(0, text.rfind("  \"content_digest\"")));
}

TEST(CalibrationFile, ReadsBackWhatItWrote) {
  for (const bool isotonic : {false, true}) {
    const Calibration made = sample(isotonic);
    const std::string text = calibration_text(made).value();
    const auto read = parse_calibration(text, "file");
    ASSERT_TRUE(read.has_value()) << read.error().to_string();
    EXPECT_EQ(calibration_text(*read).value(), text);
    EXPECT_EQ(read->rule.thresholds, made.rule.thresholds);
    EXPECT_EQ(read->task, made.task);
    EXPECT_EQ(read->seed, made.seed);
    EXPECT_EQ(read->early_tokens, 24U);
    EXPECT_FALSE(read->models[0].has_value());
    // The same scores to the last bit: the promise was proven for these.
    const test::Population others = test::draw_population([](double) { return 0.5; }, 500, 77);
    for (const ConfidenceFeatures& row : others.features)
      for (const std::size_t point : {1U, 2U})
        EXPECT_EQ(read->models[point]->score(row), made.models[point]->score(row));
  }
}

TEST(CalibrationFile, SavesAndLoads) {
  const TestFolder folder;
  const Calibration made = sample();
  ASSERT_TRUE(save_calibration(made, folder / "c.json").has_value());
  const auto read = load_calibration(folder / "c.json");
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_TRUE(read->matches("sha256:0123", "t-1").has_value());
  const auto other = read->matches("sha256:9999", "t-1");
  EXPECT_THAT(other.error().message, HasSubstr("made for the model \"sha256:0123\""));
  EXPECT_THAT(read->matches("sha256:0123", "t-2").error().message, HasSubstr("the template"));
  EXPECT_EQ(load_calibration(folder / "none.json").error().code, ErrorCode::NotFound);
  EXPECT_EQ(save_calibration(made, folder.path() / "no" / "c.json").error().code,
            ErrorCode::NotFound);
}

TEST(CalibrationFile, WillNotKeepWhatCannotBeCheckedLater) {
  const auto says = [](auto change) {
    Calibration made = sample();
    change(made);
    const auto text = calibration_text(made);
    return text ? std::string("kept") : text.error().to_string();
  };
  EXPECT_THAT(says([](Calibration& c) { c.model_digest.clear(); }), HasSubstr("--model-digest"));
  EXPECT_THAT(says([](Calibration& c) { c.template_hash.clear(); }), HasSubstr("--template-hash"));
  EXPECT_THAT(says([](Calibration& c) { c.early_tokens = 0; }), HasSubstr("--early-tokens"));
}

TEST(CalibrationFile, EveryChangedByteIsSeen) {
  const std::string text = calibration_text(sample(false)).value();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(parse_calibration(damaged, "file").has_value()) << "byte " << i;
  }
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, text.size() / 2, text.size() - 1})
    EXPECT_FALSE(parse_calibration(text.substr(0, length), "file").has_value());
  EXPECT_FALSE(parse_calibration(text + " ", "file").has_value());
}

TEST(CalibrationFile, ForgedDigestsDoNotHelp) {
  const std::string text = calibration_text(sample()).value();
  ASSERT_TRUE(parse_calibration(edited(text, "\"method\"", "\"method\""), "file").has_value());
  struct Case {
    const char* from;
    const char* to;
    const char* says;
  };
  constexpr Case cases[] = {
      {"\"croft_calibration\": 1", "\"croft_calibration\": 2", "version 2"},
      {"\"croft_calibration\": 1", "\"croft_calibration\": \"1\"", "which version"},
      {"\"method\": \"ltt\"", "\"method\": \"hope\"", "method has the unknown value \"hope\""},
      {"\"method\": \"ltt\"", "\"note\": 1, \"method\": \"ltt\"", "\"note\" is unknown"},
      {"\"method\": \"ltt\"", "\"method\": null", "method is missing"},
      {"\"max_worse\": 0.05", "\"max_worse\": 1", "max_worse is out of range"},
      {"\"confidence\": 0.95", "\"confidence\": 1e999", "confidence is out of range"},
      {"\"decide_at\": \"end\"", "\"decide_at\": \"prefill\"", "after the point that decides"},
      {"\"early_tokens\": 24", "\"early_tokens\": 0", "the early point has a model"},
      {"\"early_tokens\": 24", "\"early_tokens\": 2.5", "no whole number"},
      {"\"model_digest\": \"sha256:0123\"", "\"model_digest\": \"a b\"", "is no digest"},
      {"\"seed\": \"0\"", "\"seed\": \"-1\"", "data.seed"},
      {"\"point\": \"early\"", "\"point\": \"end\"", "comes twice"},
      {"\"threshold\": ", "\"threshold\": 3", "points[0].threshold is out of range"},
      {"\"feature\": \"logprob_mean\"", "\"feature\": \"luck\"", "names the unknown \"luck\""},
      {"\"feature\": \"logprob_q10\"", "\"feature\": \"logprob_mean\"", "uses logprob_mean twice"},
      {"\"scale\": ", "\"scale\": -", "points[0].terms[0].scale is out of range"},
      {", \"missing\": null", "", "missing is missing"},
      {"\"isotonic\": [[", "\"isotonic\": [[1, 1], [", "does not ascend"},
      {"\"isotonic\": [[", "\"isotonic\": [[2, 1], [", "isotonic is out of range"},
      {"\"isotonic\": [[", "\"isotonic\": [[0], [", "no list of that length"},
      {"\"served\": ", "\"served\": 9", "served is out of range"},
      {"\"risk_interval\": [", "\"risk_interval\": [0.99, 0.001], \"x\": [", "\"x\" is unknown"},
  };
  for (const Case& one : cases) {
    const auto read = parse_calibration(edited(text, one.from, one.to), "file");
    ASSERT_FALSE(read.has_value()) << one.to;
    EXPECT_THAT(read.error().message, HasSubstr(one.says));
    EXPECT_THAT(read.error().message, HasSubstr("file"));
    EXPECT_FALSE(read.error().hint.empty());
  }
}

TEST(CalibrationFile, ForeignFilesAreRefused) {
  for (const char* text : {"", "{}", "[]", "null", "{\"croft_calibration\": 1}", "\x00\xff"}) {
    const auto read = parse_calibration(text, "file");
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace croft
