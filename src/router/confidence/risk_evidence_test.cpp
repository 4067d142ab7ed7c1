// Goal: shares and p-values from counts are exact, and needed row counts are the known ones.
// Method: figures of SciPy 1.17 (binom.cdf, beta.ppf) and of the definition of the bound.
#include "router/confidence/risk_evidence.h"

#include <gtest/gtest.h>

#include <cmath>

namespace croft {
namespace {

TEST(Binomial, CdfAgreesWithSciPy) {
  struct Case {
    std::int64_t k, n;
    double p, expected;
  };
  constexpr Case cases[] = {
      {0, 59, 0.05, 0.0484945252494232},
      {0, 58, 0.05, 0.0510468686836034},
      {3, 100, 0.05, 0.257838659116015},
      {10, 100, 0.05, 0.988527589932515},
      {50, 1000, 0.05, 0.537529040801427},
      {480, 10000, 0.05, 0.185824496642744},
      {0, 1, 0.5, 0.5},
      {7, 7, 0.3, 1},
      {5, 10, 0.5, 0.623046875},
      {199, 200, 0.99, 0.866020325142038},
      {1, 100000, 0.001, 3.57745503498466e-42},
  };
  for (const Case& one : cases)
    EXPECT_NEAR(binomial_cdf(one.k, one.n, one.p) / one.expected, 1.0, 1e-9)
        << one.k << " of " << one.n << " at " << one.p;
  EXPECT_EQ(binomial_cdf(-1, 10, 0.5), 0.0);
  EXPECT_EQ(binomial_cdf(3, 10, 0.0), 1.0);
  EXPECT_EQ(binomial_cdf(3, 10, 1.0), 0.0);
}

TEST(Binomial, CdfIsTheSumOfItsTerms) {
  for (const double p : {0.01, 0.3, 0.77}) {
    double sum = 0.0, term = std::pow(1.0 - p, 40);
    for (int k = 0; k < 40; ++k) {
      sum += term;
      EXPECT_NEAR(binomial_cdf(k, 40, p), sum, 1e-12) << k << " at " << p;
      term *= p / (1.0 - p) * (40.0 - k) / (k + 1.0);
    }
  }
}

TEST(Binomial, ClopperPearsonAgreesWithSciPy) {
  struct Case {
    std::int64_t k, n;
    double confidence, low, high;
  };
  constexpr Case cases[] = {
      {0, 59, 0.95, 0, 0.0606089009503},
      {0, 59, 0.9, 0, 0.0495076098882},
      {1, 20, 0.95, 0.00126508949795, 0.248732762772},
      {10, 100, 0.95, 0.0490046892215, 0.17622259774},
      {100, 100, 0.99, 0.948395970376, 1},
      {37, 1234, 0.95, 0.0211973625768, 0.0410934703812},
      {500, 1000, 0.999, 0.447629419859, 0.552370580141},
  };
  for (const Case& one : cases) {
    const ShareInterval found = clopper_pearson(one.k, one.n, one.confidence);
    EXPECT_NEAR(found.low, one.low, 1e-10) << one.k << " of " << one.n;
    EXPECT_NEAR(found.high, one.high, 1e-10) << one.k << " of " << one.n;
  }
  EXPECT_EQ(clopper_pearson(0, 0, 0.95).low, 0.0);
  EXPECT_EQ(clopper_pearson(0, 0, 0.95).high, 1.0);
}

TEST(RiskEvidence, BoundedLossesAgreeWithTheDefinition) {
  struct Case {
    double loss_sum;
    std::int64_t n;
    double alpha, expected;
  };
  constexpr Case cases[] = {
      {0, 59, 0.05, 0.0484945252494},     {1.5, 100, 0.05, 0.172434648012},
      {2.25, 200, 0.05, 0.0105700634941}, {12.5, 100, 0.1, 1},
      {30, 400, 0.1, 0.142414173545},     {8.0, 1000, 0.02, 0.00525630341876},
      {0.3, 80, 0.05, 0.0492149117281},
  };
  for (const Case& one : cases)
    EXPECT_NEAR(risk_p_value(LossKind::Bounded, one.loss_sum, one.n, one.alpha), one.expected,
                1e-10 * one.expected + 1e-12)
        << one.loss_sum << " of " << one.n;
  EXPECT_EQ(risk_p_value(LossKind::Bounded, 0, 0, 0.05), 1.0);
  // 0.1 + 0.2 is a little more than 0.3: ten such sums are three losses, not four.
  double sum = 0.0;
  for (int i = 0; i < 10; ++i) sum += 0.1 + 0.2;
  EXPECT_EQ(risk_p_value(LossKind::Binary, sum, 100, 0.05), binomial_cdf(3, 100, 0.05));
}

TEST(RiskEvidence, RowsNeeded) {
  EXPECT_EQ(rows_without_loss_needed(0.05, 0.05), 59);
  EXPECT_EQ(rows_without_loss_needed(0.01, 0.05), 299);
  EXPECT_EQ(rows_without_loss_needed(0.5, 0.5), 1);
  EXPECT_EQ(rows_without_loss_needed(0.5, 0.25), 2);  // exactly on the border
  for (const LossKind kind : {LossKind::Binary, LossKind::Bounded}) {
    EXPECT_EQ(rows_needed(kind, 0.0, 0.05, 0.05), 59);
    EXPECT_FALSE(rows_needed(kind, 0.05, 0.05, 0.05).has_value());
    EXPECT_FALSE(rows_needed(kind, 0.0499999, 0.05, 0.05).has_value());
    const auto rows = rows_needed(kind, 0.02, 0.05, 0.05);
    ASSERT_TRUE(rows.has_value());
    EXPECT_LE(risk_p_value(kind, 0.02 * static_cast<double>(*rows), *rows, 0.05), 0.05);
    EXPECT_GT(*rows, 59);
    EXPECT_LT(*rows, 1000);
  }
}

TEST(RiskEvidence, IntervalOfBoundedLosses) {
  const ShareInterval found = mean_loss_interval(LossKind::Bounded, 50.0, 200, 0.95);
  EXPECT_NEAR(found.high - 0.25, std::sqrt(std::log(40.0) / 400.0), 1e-12);
  EXPECT_NEAR(0.25 - found.low, found.high - 0.25, 1e-12);
  EXPECT_EQ(mean_loss_interval(LossKind::Bounded, 0.0, 3, 0.95).low, 0.0);
}

}  // namespace
}  // namespace croft
