// Goal: a calibration finds what is there, does not depend on the order of rows, and refuses to
// guess. Method: answers drawn from known curves of risk; a table of refusals.
#include "router/confidence/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "router/confidence/calibration_file.h"
#include "router/confidence/test_answers.h"

namespace croft {
namespace {

using test::draw_answers;
using test::draw_population;
using testing::AllOf;
using testing::HasSubstr;

/// Good above the middle, bad below.
double steep(double place) {
  return place > 0.5 ? 0.01 : 0.6;
}

LabelledAnswers steep_answers(std::size_t count) {
  LabelledAnswers data = draw_answers(draw_population(steep, 20'000, 1), count, 2);
  data.model_digest = "m";
  data.template_hash = "t";
  return data;
}

TEST(Calibrate, FindsTheGoodHalf) {
  const LabelledAnswers data = steep_answers(4000);
  const auto made = calibrate(data, {});
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  EXPECT_NEAR(made->held_out.coverage, 0.52, 0.06);
  EXPECT_LT(made->held_out.risk, 0.05);
  EXPECT_GT(made->held_out.risk_interval.high, made->held_out.risk);
  EXPECT_LE(made->proof_p_value, 0.05);
  EXPECT_NEAR(made->held_out.local_risk, 0.305, 0.05);
  EXPECT_GT(*made->held_out.auc, 0.8);
  EXPECT_EQ(made->rows.all(), 4000);
  EXPECT_NEAR(static_cast<double>(made->rows.fit), 1600, 120);
  EXPECT_NEAR(static_cast<double>(made->rows.test), 800, 90);
  EXPECT_EQ(made->held_out.rows, made->rows.test);
  std::int64_t in_bins = 0;
  for (const ReliabilityBin& bin : made->held_out.bins) in_bins += bin.count;
  EXPECT_EQ(in_bins, made->rows.test);
}

TEST(Calibrate, OrderOfRowsDoesNotMatterAndTheSeedDoes) {
  LabelledAnswers data = steep_answers(1500);
  const auto text = [&](std::uint64_t seed) {
    return calibration_text(calibrate(data, {.seed = seed}).value()).value();
  };
  const std::string first = text(0);
  std::reverse(data.rows.begin(), data.rows.end());
  EXPECT_EQ(text(0), first);
  EXPECT_NE(text(1), first);
}

TEST(Calibrate, IsotonicAndConformal) {
  const LabelledAnswers data = steep_answers(4000);
  const auto bent = calibrate(data, {.isotonic = true});
  ASSERT_TRUE(bent.has_value()) << bent.error().to_string();
  EXPECT_FALSE(bent->models[2]->curve().empty());
  EXPECT_LT(bent->held_out.ece, calibrate(data, {})->held_out.ece);
  const auto crc = calibrate(data, {.method = CalibrationMethod::ConformalRiskControl});
  ASSERT_TRUE(crc.has_value());
  // Escalated traffic loses nothing, so more can be served than when only the served count.
  EXPECT_GT(crc->held_out.coverage, bent->held_out.coverage);
  EXPECT_LT(crc->held_out.traffic_risk, 0.08);
}

TEST(Calibrate, EarlierPointsOnlyEscalate) {
  LabelledAnswers data = steep_answers(6000);
  data.early_tokens = 16;
  for (LabelledAnswer& row : data.rows) {
    row.features[0].emplace();
    (*row.features[0])[ConfidenceFeature::PromptTokens] =
        100.0 * (1.0 + (*row.features[2])[ConfidenceFeature::LogprobQ10] / 8.0);
    if (row.id.size() % 2 == 0) row.features[1] = row.features[2];
  }
  const auto made = calibrate(data, {.early_loss = 0.05});
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  EXPECT_TRUE(made->models[0] && made->models[1] && made->models[2]);
  const auto& gone = made->held_out.escalated_at;
  EXPECT_GT(gone[0], 0.05);
  EXPECT_GT(gone[1], 0.0);
  EXPECT_NEAR(gone[0] + gone[1] + gone[2], made->held_out.escalation, 1e-9);
  EXPECT_LT(made->held_out.risk, 0.06);
  // Decided at the beginning, nothing later is asked.
  const auto first = calibrate(data, {.max_worse = 0.2, .decide_at = DecisionPoint::Prefill});
  ASSERT_TRUE(first.has_value()) << first.error().to_string();
  EXPECT_FALSE(first->models[1] || first->models[2]);
  const auto& row = data.rows[0];
  EXPECT_NE(first->decide(DecisionPoint::Prefill, *row.features[0]), ServingDecision::GoOn);
  EXPECT_EQ(first->decide(DecisionPoint::End, *row.features[2]), ServingDecision::GoOn);
  const auto early = calibrate(data, {.decide_at = DecisionPoint::Early});
  EXPECT_THAT(early.error().message, HasSubstr("has no features at the point \"early\""));
}

TEST(Calibrate, CostsAndTasks) {
  LabelledAnswers data = steep_answers(3000);
  data.has_costs = true;
  for (LabelledAnswer& row : data.rows) {
    row.cost = 2.0;
    row.task = row.id.back() < '5' ? "low" : "high";
  }
  const auto made = calibrate(data, {.task = "low"});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->rows.all(), 1500);
  EXPECT_EQ(made->task, "low");
  EXPECT_NEAR(*made->held_out.saved, made->held_out.coverage, 1e-9);
  const auto none = calibrate(data, {.task = "medium"});
  EXPECT_EQ(none.error().code, ErrorCode::InvalidArgument);
}

TEST(Calibrate, SaysWhenTheEvidenceIsInsufficient) {
  const auto refusal = [](const LabelledAnswers& data, const CalibrationOptions& options) {
    const auto made = calibrate(data, options);
    if (made) return std::string("not refused");
    EXPECT_EQ(made.error().code, ErrorCode::Unproven) << made.error().to_string();
    return made.error().to_string();
  };
  EXPECT_THAT(refusal(steep_answers(100), {}),
              AllOf(HasSubstr("insufficient evidence: the calibration part has "),
                    HasSubstr(" 59 would be needed"), HasSubstr("at least 148 rows in all")));
  EXPECT_THAT(refusal(steep_answers(500), {.max_worse = 0.01}), HasSubstr(" 299 would be needed"));
  EXPECT_THAT(refusal(steep_answers(30), {.method = CalibrationMethod::ConformalRiskControl}),
              HasSubstr(" 19 would be needed"));

  // Never acceptable often enough: more of the same will not help, and it says so.
  const auto bad = draw_answers(draw_population([](double) { return 0.3; }, 1000, 1), 2000, 3);
  EXPECT_THAT(refusal(bad, {}), HasSubstr("More rows of this kind will not help"));

  // Good enough, but too few to prove it at this level: it says how many would do.
  const auto close = draw_answers(
      draw_population([](double place) { return place > 0.2 ? 0.04 : 0.9; }, 5000, 1), 600, 3);
  EXPECT_THAT(refusal(close, {}), HasSubstr("served rows would be needed, about"));

  LabelledAnswers one_class = steep_answers(1000);
  for (LabelledAnswer& row : one_class.rows) row.loss = 0.0;
  EXPECT_THAT(refusal(one_class, {}), HasSubstr("have the same outcome"));

  LabelledAnswers constant = steep_answers(1000);
  for (LabelledAnswer& row : constant.rows) {
    row.features[2] = ConfidenceFeatures();
    (*row.features[2])[ConfidenceFeature::LogprobMean] = -0.5;
  }
  EXPECT_THAT(refusal(constant, {}), HasSubstr("the score would be the same for every answer"));
  // The feature varies where the model learns, and nowhere else.
  LabelledAnswers fixed = steep_answers(1000);
  for (LabelledAnswer& row : fixed.rows) row.features[2] = ConfidenceFeatures();
  EXPECT_THAT(refusal(fixed, {}), HasSubstr("insufficient evidence"));
}

TEST(Calibrate, RefusesOptionsOutOfRange) {
  const LabelledAnswers data = steep_answers(500);
  for (const CalibrationOptions& options :
       {CalibrationOptions{.max_worse = 0.0}, CalibrationOptions{.max_worse = 1.0},
        CalibrationOptions{.confidence = 1.0}, CalibrationOptions{.early_loss = -0.1},
        CalibrationOptions{.fit_share = 0.7, .calibrate_share = 0.4},
        CalibrationOptions{.penalty = 0.0}})
    EXPECT_EQ(calibrate(data, options).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace croft
