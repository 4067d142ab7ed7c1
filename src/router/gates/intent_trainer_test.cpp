// Goal: training finds what the rows say, rejects what is out of scope, gives the same model from
// the same seed with any number of threads, and refuses rows that nothing can be learned from; what
// is written is what is read. Method: rows made by rule, models compared byte for byte, decisions
// on texts that training never saw.
#include "router/gates/intent_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <random>
#include <thread>

#include "io/test_folder.h"
#include "router/gates/intent_calibration.h"
#include "router/gates/intent_model_file.h"
#include "router/gates/intent_test_rows.h"

namespace croft {
namespace {

using testing::HasSubstr;

IntentTraining trained(const IntentRows& rows, const IntentTrainingOptions& options = {}) {
  auto training = train_intents(rows, options);
  EXPECT_TRUE(training) << training.error().message;
  return std::move(*training);
}

TEST(IntentTrainer, LearnsAndRejects) {
  const IntentRows rows = sample_intent_rows();
  IntentTraining training = trained(rows);
  EXPECT_EQ(training.report.rows, rows.rows.size());
  EXPECT_EQ(training.report.out_of_scope_rows, 24u);
  EXPECT_GT(training.report.in_scope_accuracy, 0.97);
  EXPECT_GT(training.report.out_of_scope_recall, 0.8);
  EXPECT_GT(training.report.macro_f1, 0.97);
  const IntentModel model(std::move(training.data));
  IntentScratch scratch;
  const auto decide = [&](std::string_view text) { return model.decide(text, scratch); };
  EXPECT_EQ(decide("someone has stolen my card!").label, "card_lost");
  EXPECT_EQ(decide("Will it RAIN tomorrow?").label, "weather");
  EXPECT_EQ(decide("how much money is in the account").label, "balance");
  for (const std::string_view text :
       {"who invented paper", "", "???", "zzzz qqqq", "\xFF\xFE", "一二三四五"}) {
    const IntentDecision decision = decide(text);
    EXPECT_EQ(decision.label, "") << text;
    EXPECT_LT(decision.probability, 0.5f) << text;
  }
  const IntentDecision sure = decide("please report that my card was stolen today");
  EXPECT_GT(sure.probability, 0.9f);
  EXPECT_GT(sure.margin, 0.5f);
  EXPECT_NE(sure.runner_up, sure.best);
  EXPECT_EQ(decide("zzz").runner_up, "");
}

TEST(IntentTrainer, SameSeedSameBytesWithAnyThreads) {
  const IntentRows rows = sample_intent_rows();
  const auto bytes = [&](std::uint64_t seed, std::size_t threads) {
    return intent_model_bytes(trained(rows, {.seed = seed, .threads = threads}).data);
  };
  const auto one = bytes(1, 1);
  EXPECT_EQ(one, bytes(1, 3));
  EXPECT_NE(one, bytes(2, 1));
}

TEST(IntentTrainer, FileGivesBackTheModel) {
  const TestFolder folder;
  IntentTraining training = trained(sample_intent_rows());
  training.data.report = {{"seed", 1}};
  ASSERT_TRUE(save_intent_model(training.data, folder / "intents"));
  const IntentModel made(std::move(training.data));
  const auto read = IntentModel::load(folder / "intents");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->labels(), made.labels());
  EXPECT_EQ(read->report(), made.report());
  IntentScratch a;
  IntentScratch b;
  for (const IntentRow& row : sample_intent_rows().rows) {
    const IntentDecision expected = made.decide(row.text, a);
    const IntentDecision found = read->decide(row.text, b);
    EXPECT_EQ(found.label, expected.label);
    EXPECT_EQ(found.probability, expected.probability);
    EXPECT_EQ(found.margin, expected.margin);
  }
}

TEST(IntentTrainer, ThreadsDecideAtOnce) {
  const IntentRows rows = sample_intent_rows();
  const IntentModel model(trained(rows).data);
  std::vector<float> expected;
  IntentScratch scratch;
  for (const IntentRow& row : rows.rows)
    expected.push_back(model.decide(row.text, scratch).confidence);
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      IntentScratch own;
      for (std::size_t i = 0; i < rows.rows.size(); ++i)
        different += model.decide(rows.rows[i].text, own).confidence != expected[i] ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST(IntentTrainer, OneScratchForTwoModels) {
  const IntentRows rows = sample_intent_rows();
  IntentRows few = rows;
  few.rows.resize(96);  // two of the labels
  const IntentModel large(trained(rows).data);
  const IntentModel small(trained(few).data);
  IntentScratch shared;
  for (const IntentRow& row : rows.rows) {
    IntentScratch fresh;
    EXPECT_EQ(small.decide(row.text, shared).confidence, small.decide(row.text, fresh).confidence);
    EXPECT_EQ(large.decide(row.text, shared).confidence, large.decide(row.text, fresh).confidence);
  }
}

TEST(IntentTrainer, TooLittleToLearnFrom) {
  IntentRows one = sample_intent_rows();
  std::erase_if(one.rows,
                [](const IntentRow& row) { return !row.label.empty() && row.label != "weather"; });
  EXPECT_THAT(train_intents(one, {}).error().message, HasSubstr("1 different labels"));
  IntentRows blank;
  for (int i = 0; i < 10; ++i) blank.rows.push_back({.text = "?", .label = i % 2 == 0 ? "a" : "b"});
  EXPECT_THAT(train_intents(blank, {}).error().message, HasSubstr("no text has a word"));
  blank.rows.resize(3);
  EXPECT_THAT(train_intents(blank, {}).error().message, HasSubstr("3 rows in scope for 5 folds"));
  EXPECT_FALSE(train_intents(IntentRows{}, {}));
}

TEST(IntentTrainer, EmptyAndContradictoryRowsAreReported) {
  IntentRows rows = sample_intent_rows();
  rows.rows.push_back({.text = "", .label = "weather"});
  rows.rows.push_back({.text = rows.rows.front().text, .label = "weather"});
  const IntentTraining training = trained(rows);
  EXPECT_THAT(training.warnings,
              testing::ElementsAre(HasSubstr("1 rows have an empty text"),
                                   HasSubstr("1 rows have a text that another row")));
}

TEST(IntentTrainer, OneTextIsNeverOnBothSidesOfAFold) {
  // Texts that say nothing, each twice: by chance at most, unless the other copy was seen.
  std::mt19937 random(5);
  IntentRows rows;
  for (int i = 0; i < 200; ++i) {
    const IntentRow row{.text = std::to_string(random()), .label = random() % 2 == 0 ? "a" : "b"};
    rows.rows.insert(rows.rows.end(), 2, row);
  }
  EXPECT_LT(trained(rows).report.accuracy_unrejected, 0.7);
}

TEST(IntentTrainer, StopsWhenAsked) {
  std::stop_source source;
  IntentTrainingOptions options;
  options.stop = source.get_token();
  std::uint64_t last = 0;
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 24u);  // 4 labels, 5 folds and the whole
    last = done;
    if (done == 6) source.request_stop();
  };
  EXPECT_EQ(train_intents(sample_intent_rows(), options).error().code, ErrorCode::Cancelled);
  EXPECT_LT(last, 12u);
}

TEST(IntentCalibration, ProbabilityFollowsWhatWasRight) {
  // Right in 9 of 10 cases at confidence 1, in 1 of 10 at 0.2; nothing in scope lies below 0.2.
  std::vector<IntentOutcome> outcomes;
  for (int i = 0; i < 1000; ++i) {
    const bool high = i % 2 == 0;
    const bool right = high ? i % 20 != 0 : i % 20 == 1;
    outcomes.push_back({.expected = 0,
                        .best = right ? 0u : 1u,
                        .answer = no_intent,
                        .confidence = high ? 1.0f : 0.2f});
  }
  const IntentCalibration fitted = calibrate_intents(outcomes, 1.0);
  const auto probability = [&](float confidence) {
    return 1.0f / (1.0f + std::exp(-(fitted.slope * confidence + fitted.offset)));
  };
  EXPECT_NEAR(probability(1.0f), 0.9f, 0.02f);
  EXPECT_NEAR(probability(0.2f), 0.1f, 0.02f);
  EXPECT_EQ(fitted.confidence_min, 0.2f);
  EXPECT_EQ(calibrate_intents(outcomes, 0.4).confidence_min, 1.0f);
}

}  // namespace
}  // namespace croft
