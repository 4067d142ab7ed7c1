// Goal: the regression is the one that others fit, isotonic curves are right, and a model never
// guesses where it cannot know. Method: figures of scikit-learn 1.8, hand-made cases, and a count
// of allocations.
#include "router/confidence/confidence_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "router/confidence/logistic_fit.h"
#include "router/confidence/rank_auc.h"
#include "router/confidence/test_allocations.h"

namespace croft {
namespace {

using testing::HasSubstr;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The rows that scikit-learn was given.
struct Sample {
  std::vector<double> rows, targets;
  Sample() {
    for (int i = 0; i < 60; ++i) {
      const double a = (i * 37 % 101) / 50.0 - 1.0, b = (i * 53 % 89) / 44.0 - 1.0;
      const double noise = ((i * 29 % 97) / 48.0 - 1.0) * 1.5;
      rows.insert(rows.end(), {a, b});
      targets.push_back(1.5 * a - 0.7 * b + noise > 0 ? 1.0 : 0.0);
    }
  }
};

TEST(LogisticFit, AgreesWithScikitLearn) {
  // LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-12): intercept,
  // coefficients.
  struct Case {
    double penalty, intercept, a, b;
  };
  constexpr Case cases[] = {{1.0, 0.02111191571150156, 2.03677065, -0.30990301},
                            {10.0, 0.008097661583369883, 0.71473786, -0.09935325},
                            {0.01, 0.026104174586596175, 2.86415375, -0.46478464}};
  const Sample sample;
  for (const Case& one : cases) {
    const auto fit = fit_logistic(sample.rows, 2, sample.targets, one.penalty);
    ASSERT_TRUE(fit.has_value());
    EXPECT_NEAR(fit->intercept, one.intercept, 1e-8);
    EXPECT_NEAR(fit->weights[0], one.a, 1e-8);
    EXPECT_NEAR(fit->weights[1], one.b, 1e-8);
    EXPECT_LE(fit->iterations, 10U);
  }
}

TEST(LogisticFit, SeparableRowsAndOneOutcome) {
  const std::vector<double> x = {-2, -1, 1, 2}, y = {0, 0, 1, 1};
  const auto fit = fit_logistic(x, 1, y, 1e-6);
  ASSERT_TRUE(fit.has_value());
  EXPECT_GT(fit->weights[0], 5.0);
  EXPECT_TRUE(std::isfinite(fit->weights[0]));
  for (const double only : {0.0, 1.0}) {
    const std::vector<double> same(4, only);
    EXPECT_EQ(fit_logistic(x, 1, same, 1.0).error().code, ErrorCode::Unproven);
  }
  EXPECT_EQ(sigmoid(-1e4), 0.0);
  EXPECT_EQ(sigmoid(1e4), 1.0);
  EXPECT_EQ(sigmoid(0.0), 0.5);
}

TEST(Isotonic, PoolsAdjacentViolators) {
  // IsotonicRegression(out_of_bounds="clip") on the same pairs.
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 7, 8, 9}, y = {0, 1, 0, 0, 1, 0, 1, 0, 1, 1};
  const auto curve = fit_isotonic(x, y);
  const std::pair<double, double> expected[] = {
      {0, 0}, {2.5, 1.0 / 3}, {4.5, 5.0 / 12}, {5.5, 0.5}, {7, 0.5}, {7.5, 0.75}, {20, 1}};
  for (const auto& [at, value] : expected) EXPECT_NEAR(curve_at(curve, at), value, 1e-12) << at;
}

TEST(Isotonic, HandMadeCases) {
  const auto flat = fit_isotonic(std::vector{3.0, 1.0, 2.0}, std::vector{0.0, 1.0, 0.5});
  ASSERT_EQ(flat.size(), 2U);  // descending: one block
  EXPECT_DOUBLE_EQ(flat[0].y, 0.5);
  EXPECT_EQ(flat[1].x, 3.0);
  const auto one = fit_isotonic(std::vector{2.0, 2.0}, std::vector{0.0, 1.0});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(curve_at(one, -5), 0.5);
  EXPECT_EQ(curve_at(one, 5), 0.5);
  const auto rising = fit_isotonic(std::vector{1.0, 2.0, 4.0}, std::vector{0.0, 0.5, 1.0});
  EXPECT_EQ(curve_at(rising, 3.0), 0.75);
}

TEST(RankAuc, CountsPairsAndTies) {
  EXPECT_EQ(rank_auc(std::vector{1.0, 2.0, 3.0}, std::vector{0.0, 0.0, 1.0}), 1.0);
  EXPECT_EQ(rank_auc(std::vector{1.0, 2.0, 3.0}, std::vector{1.0, 0.0, 0.0}), 0.0);
  EXPECT_EQ(rank_auc(std::vector{1.0, 1.0, 1.0}, std::vector{1.0, 0.0, 1.0}), 0.5);
  EXPECT_EQ(rank_auc(std::vector{1.0, 2.0, 2.0, 3.0}, std::vector{0.0, 1.0, 0.0, 1.0}), 0.875);
  EXPECT_FALSE(rank_auc(std::vector{1.0, 2.0}, std::vector{1.0, 1.0}).has_value());
}

std::vector<ConfidenceFeatures> rows_with_gaps(std::vector<double>& targets) {
  std::vector<ConfidenceFeatures> rows;
  for (int i = 0; i < 200; ++i) {
    ConfidenceFeatures row;
    row[ConfidenceFeature::LogprobMean] = -0.01 * (i * 7 % 200);
    row[ConfidenceFeature::PromptTokens] = 10 + i % 50;
    row[ConfidenceFeature::EntropyMax] = 1.0;  // never varies
    // Unknown labels are mostly bad answers.
    if (i % 3 != 0) row[ConfidenceFeature::LabelMargin] = 0.1 * (i % 10);
    targets.push_back((i * 7 % 200) < (i % 3 != 0 ? 140 : 60) ? 1.0 : 0.0);
    rows.push_back(row);
  }
  return rows;
}

TEST(ConfidenceModel, UnknownFeaturesAreImputedOrRefused) {
  std::vector<double> targets;
  const auto rows = rows_with_gaps(targets);
  const auto model = train_confidence(rows, targets, {});
  ASSERT_TRUE(model.has_value()) << model.error().to_string();
  ASSERT_EQ(model->terms().size(), 3U);  // entropy_max does not vary
  ConfidenceFeatures row = rows[1];
  const double known = model->score(row).value();
  row[ConfidenceFeature::LabelMargin] = nan;  // was unknown in training: has a weight
  const double unknown = model->score(row).value();
  EXPECT_LT(unknown, known);
  row[ConfidenceFeature::LogprobMean] = nan;  // never was: nobody knows what that means
  EXPECT_FALSE(model->score(row).has_value());
  EXPECT_FALSE(model->score(ConfidenceFeatures()).has_value());
}

TEST(ConfidenceModel, UsesOnlyWhatItMay) {
  std::vector<double> targets;
  const auto rows = rows_with_gaps(targets);
  const auto model =
      train_confidence(rows, targets, {.features = {ConfidenceFeature::PromptTokens}});
  ASSERT_TRUE(model.has_value());
  ASSERT_EQ(model->terms().size(), 1U);
  EXPECT_EQ(model->terms()[0].feature, ConfidenceFeature::PromptTokens);
  // A count enters as its logarithm.
  EXPECT_NEAR(model->terms()[0].mean, std::log(35.0), 0.3);
  const auto none = train_confidence(rows, targets, {.features = {ConfidenceFeature::EntropyMax}});
  EXPECT_EQ(none.error().code, ErrorCode::Unproven);
  EXPECT_THAT(none.error().message, HasSubstr("insufficient evidence"));
  const auto few = train_confidence(std::span(rows).first(19), std::span(targets).first(19), {});
  EXPECT_EQ(few.error().code, ErrorCode::Unproven);
}

TEST(ConfidenceModel, IsotonicCurveBendsTheScore) {
  std::vector<double> targets;
  const auto rows = rows_with_gaps(targets);
  const auto plain = train_confidence(rows, targets, {}).value();
  const auto bent = with_isotonic(plain, rows, targets);
  ASSERT_TRUE(bent.has_value());
  double off_plain = 0.0, off_bent = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    off_plain += std::pow(plain.score(rows[i]).value() - targets[i], 2);
    off_bent += std::pow(bent->score(rows[i]).value() - targets[i], 2);
  }
  EXPECT_LT(off_bent, off_plain);
}

TEST(ConfidenceModel, RefusesWhatCannotBeAModel) {
  const ConfidenceTerm term{.feature = ConfidenceFeature::LogprobMin, .weight = 1.0};
  struct Case {
    double intercept;
    std::vector<ConfidenceTerm> terms;
    std::vector<CurvePoint> curve;
    const char* says;
  };
  const double infinite = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {0, {}, {}, "no feature"},
      {nan, {term}, {}, "intercept"},
      {0, {term, term}, {}, "twice"},
      {0, {{.feature = term.feature, .mean = infinite}}, {}, "not finite"},
      {0, {{.feature = term.feature, .scale = 0}}, {}, "not positive"},
      {0, {{.feature = term.feature, .missing_weight = nan}}, {}, "not finite"},
      {0, {term}, {{0.5, 0.5}, {0.5, 0.6}}, "not ascend"},
      {0, {term}, {{0.2, 0.5}, {0.5, 0.4}}, "not ascend"},
      {0, {term}, {{0.2, nan}}, "leaves"},
  };
  for (const Case& one : cases) {
    const auto made = ConfidenceModel::create(one.intercept, one.terms, one.curve);
    ASSERT_FALSE(made.has_value()) << one.says;
    EXPECT_THAT(made.error().message, HasSubstr(one.says));
  }
  // Finite numbers whose product is not: no score, and no crash.
  const auto huge = ConfidenceModel::create(
      0,
      {{.feature = ConfidenceFeature::LogprobMin, .scale = 1e-300, .weight = 1e300},
       {.feature = ConfidenceFeature::LogprobMean, .scale = 1e-300, .weight = -1e300}},
      {});
  ConfidenceFeatures row;
  row[ConfidenceFeature::LogprobMin] = row[ConfidenceFeature::LogprobMean] = -5;
  EXPECT_FALSE(huge->score(row).has_value());
}

TEST(ConfidenceModel, ScoringIsFastAndAllocatesNothing) {
  // The bar is 2 microseconds with every feature; sanitizers and a busy machine get ten times that.
  std::vector<ConfidenceTerm> terms;
  ConfidenceFeatures row;
  for (std::size_t i = 0; i < confidence_feature_count; ++i) {
    terms.push_back({.feature = static_cast<ConfidenceFeature>(i), .weight = 0.1});
    row[static_cast<ConfidenceFeature>(i)] = 0.5;
  }
  std::vector<CurvePoint> curve;
  for (int i = 0; i <= 1000; ++i) curve.push_back({i / 1000.0, i / 1000.0});
  const auto model = ConfidenceModel::create(0, terms, curve).value();
  double best_us = 1e9, sum = 0.0;
  const std::size_t allocations = allocations_so_far();
  for (int round = 0; round < 20; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) sum += model.score(row).value();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    best_us = std::min(best_us, took.count() / 1000.0);
  }
  EXPECT_EQ(allocations_so_far(), allocations);
  EXPECT_GT(sum, 0.0);
  RecordProperty("score_us", std::to_string(best_us));
  EXPECT_LT(best_us, 20.0);
}

}  // namespace
}  // namespace croft
