// Goal: context extension gives the reference's frequencies. Method: divisors and magnitudes that
// transformers 5.23 computes in float32 (hence the relative tolerance), written as numbers.
#include "model/rope_scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace croft {
namespace {

constexpr std::uint32_t kRotated = 16;

testing::Matcher<const std::vector<float>&> near(const std::vector<float>& expected) {
  std::vector<testing::Matcher<float>> each;
  for (const float value : expected) each.push_back(testing::FloatNear(value, 2e-6f * value));
  return testing::ElementsAreArray(each);
}

TEST(RopeScaling, Llama3DividesLongWavelengthsOnly) {
  EXPECT_THAT(llama3_divisors({.factor = 8.0, .original_context = 64.0}, 500000.0, kRotated),
              near({1.0f, 2.442259f, 8.0f, 8.0f, 8.0f, 8.0f, 8.0f, 8.0f}));
  EXPECT_THAT(llama3_divisors({.factor = 32.0, .original_context = 8192.0}, 500000.0, kRotated),
              near({1.0f, 1.0f, 1.0f, 1.0f, 3.292263f, 32.0f, 32.0f, 32.0f}));
}

TEST(RopeScaling, YarnRampsBetweenItsTwoBetas) {
  EXPECT_THAT(yarn_divisors({.factor = 4.0, .original_context = 64.0}, 10000.0, kRotated),
              near({1.0f, 4.0f / 3.0f, 2.0f, 4.0f, 4.0f, 4.0f, 4.0f, 4.0f}));
  EXPECT_THAT(yarn_divisors({.factor = 4.0, .original_context = 32768.0}, 1e6, kRotated),
              near({1.0f, 1.0f, 1.0f, 4.0f / 3.0f, 2.0f, 4.0f, 4.0f, 4.0f}));
  const YarnScaling untruncated{.factor = 4.0,
                                .beta_fast = 16.0,
                                .beta_slow = 2.0,
                                .original_context = 64.0,
                                .truncate = false};
  EXPECT_THAT(yarn_divisors(untruncated, 10000.0, kRotated),
              near({1.0f, 2.12962f, 4.0f, 4.0f, 4.0f, 4.0f, 4.0f, 4.0f}));
}

TEST(RopeScaling, MagnitudesAreOneWithoutExtension) {
  EXPECT_NEAR(yarn_magnitude(4.0), 1.138629, 1e-6);
  EXPECT_NEAR(yarn_magnitude(4.0, 1.0) / yarn_magnitude(4.0, 0.7), 1.03791, 1e-5);
  EXPECT_EQ(yarn_magnitude(1.0), 1.0f);
  EXPECT_NEAR(longrope_magnitude(32.0, 4096.0), std::sqrt(1.0 + 5.0 / 12.0), 1e-6);
  EXPECT_EQ(longrope_magnitude(0.5, 4096.0), 1.0f);
}

}  // namespace
}  // namespace croft
