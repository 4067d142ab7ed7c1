// Goal: every row operation is what its name says, on every instruction set, wherever an element
// stands. Method: double-precision models of each operation over random and extreme inputs of many
// lengths, and bitwise comparison of an element's result at every position of a row.
#include "kernels/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>

#include "kernels/test_support.h"

namespace croft {
namespace {

constexpr std::size_t lengths[] = {1, 3, 15, 16, 17, 31, 64, 576, 1000};

class Ops : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!cpu_supports(GetParam())) GTEST_SKIP() << "this processor lacks " << isa_name(GetParam());
  }
};

/// |actual - expected| <= relative * |expected| + absolute.
void expect_close(float actual, double expected, double relative, double absolute,
                  const std::string& where) {
  ASSERT_LE(std::fabs(static_cast<double>(actual) - expected),
            relative * std::fabs(expected) + absolute)
      << where << ": " << actual << " for " << expected;
}

struct ElementCase {
  const char* name;
  std::function<void(std::span<float>, Isa)> run;
  std::function<double(double)> model;
  double relative;
};

double gelu_erf_model(double x) {
  return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
}
double gelu_tanh_model(double x) {
  const double u = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / (1.0 + std::exp(-2.0 * u));
}

/// exp is good to 2e-7; where its argument comes from a rounded product of size u, u * 2^-24 is
/// added: 1e-5 at the gelu's far end. Below 1e-30 results may be flushed: that is the absolute
/// part.
std::vector<ElementCase> element_cases() {
  const std::vector<float> ones(2000, 1.0f);
  return {
      {"silu", silu, [](double x) { return x / (1.0 + std::exp(-x)); }, 1e-6},
      {"silu_mul",
       [ones](std::span<float> x, Isa isa) {
         silu_mul(x, std::span(ones).first(x.size()), x, isa);
       },
       [](double x) { return x / (1.0 + std::exp(-x)); }, 1e-6},
      {"gelu_tanh", gelu_tanh, gelu_tanh_model, 2e-5},
      {"gelu_erf", gelu_erf, gelu_erf_model, 2e-5},
      {"gelu_tanh_mul",
       [ones](std::span<float> x, Isa isa) {
         gelu_tanh_mul(x, std::span(ones).first(x.size()), x, isa);
       },
       gelu_tanh_model, 2e-5},
      {"softcap", [](std::span<float> x, Isa isa) { softcap(x, 30.0f, isa); },
       [](double x) { return 30.0 * std::tanh(x / 30.0); }, 1e-6},
      {"scale", [](std::span<float> x, Isa isa) { scale(x, 0.3f, isa); },
       [](double x) { return x * static_cast<double>(0.3f); }, 1e-7},
  };
}

TEST_P(Ops, ElementFunctionsMatchTheirModels) {
  test::Random random(3);
  std::vector<float> inputs = random.floats(2000, -12.0f, 12.0f);
  for (std::size_t i = 0; i < 300; ++i) inputs[i] *= 10.0f;
  for (std::size_t i = 300; i < 600; ++i) inputs[i] *= 1e-4f;
  inputs[600] = 0.0f;
  for (const ElementCase& c : element_cases()) {
    std::vector<float> x = inputs;
    c.run(x, GetParam());
    for (std::size_t i = 0; i < x.size(); ++i)
      expect_close(x[i], c.model(static_cast<double>(inputs[i])), c.relative, 1e-30,
                   std::string(c.name) + " of " + std::to_string(inputs[i]));
  }
}

TEST_P(Ops, GeluErfIsExactToAFewSteps) {
  test::Random random(4);
  const std::vector<float> inputs = random.floats(4000, -4.0f, 6.0f);
  std::vector<float> x = inputs;
  gelu_erf(x, GetParam());
  for (std::size_t i = 0; i < x.size(); ++i)
    expect_close(x[i], gelu_erf_model(static_cast<double>(inputs[i])), 1.5e-6, 1e-30,
                 "gelu of " + std::to_string(inputs[i]));
}

TEST_P(Ops, AnElementsResultDoesNotDependOnItsPlace) {
  for (const ElementCase& c : element_cases()) {
    std::vector<float> alone = {-1.2345f};
    c.run(alone, GetParam());
    for (std::size_t place = 0; place < 33; ++place) {
      std::vector<float> row(33, 0.5f);
      row[place] = -1.2345f;
      c.run(row, GetParam());
      ASSERT_EQ(row[place], alone[0]) << c.name << " at " << place;
    }
  }
}

TEST_P(Ops, NotANumberStaysVisible) {
  for (const ElementCase& c : element_cases()) {
    std::vector<float> x = {1.0f, std::nanf(""), 2.0f};
    c.run(x, GetParam());
    EXPECT_TRUE(std::isnan(x[1])) << c.name;
    EXPECT_FALSE(std::isnan(x[0]) || std::isnan(x[2])) << c.name;
  }
}

TEST_P(Ops, Norms) {
  test::Random random(5);
  for (const std::size_t n : lengths) {
    const std::vector<float> x = random.floats(n, -3.0f, 5.0f);
    const std::vector<float> weight = random.floats(n);
    const std::vector<float> bias = random.floats(n);
    double squares = 0.0;
    double mean = 0.0;
    for (const float v : x) {
      squares += static_cast<double>(v) * static_cast<double>(v) / static_cast<double>(n);
      mean += static_cast<double>(v) / static_cast<double>(n);
    }
    const double variance = std::max(0.0, squares - mean * mean);
    std::vector<float> rms(n);
    std::vector<float> plain = x;
    std::vector<float> layer(n);
    rms_norm(x, weight, 1e-5f, rms, GetParam());
    rms_norm(plain, {}, 1e-5f, plain, GetParam());
    layer_norm(x, weight, bias, 1e-5f, layer, GetParam());
    for (std::size_t i = 0; i < n; ++i) {
      const double unit = static_cast<double>(x[i]) / std::sqrt(squares + 1e-5);
      const std::string where = "length " + std::to_string(n);
      expect_close(rms[i], unit * static_cast<double>(weight[i]), 1e-6, 1e-7, where);
      expect_close(plain[i], unit, 1e-6, 1e-7, where);
      const double centred = (static_cast<double>(x[i]) - mean) / std::sqrt(variance + 1e-5);
      expect_close(layer[i],
                   centred * static_cast<double>(weight[i]) + static_cast<double>(bias[i]), 2e-6,
                   2e-6, where);
    }
  }
}

TEST_P(Ops, SoftmaxIsStable) {
  test::Random random(6);
  for (const std::size_t n : lengths) {
    std::vector<float> x = random.floats(n, -20.0f, 20.0f);
    for (float& v : x) v += 1000.0f;
    const std::vector<float> input = x;
    const double total = log_sum_exp(input);
    softmax(x, GetParam());
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      expect_close(x[i], std::exp(static_cast<double>(input[i]) - total), 2e-6, 1e-30, "softmax");
      sum += static_cast<double>(x[i]);
    }
    EXPECT_NEAR(sum, 1.0, 1e-6);
  }
  constexpr float minus_infinity = -std::numeric_limits<float>::infinity();
  std::vector<float> masked = {minus_infinity, 1.0f, minus_infinity, 1.0f};
  softmax(masked, GetParam());
  EXPECT_EQ(masked, (std::vector<float>{0.0f, 0.5f, 0.0f, 0.5f}));
  std::vector<float> nothing = {minus_infinity, minus_infinity};
  softmax(nothing, GetParam());
  EXPECT_EQ(nothing, (std::vector<float>{0.0f, 0.0f}));
  softmax({}, GetParam());
}

TEST_P(Ops, RopeTurnsPairsAndKeepsTheRest) {
  test::Random random(8);
  for (const std::size_t rotated : {4u, 20u, 64u}) {
    const std::size_t head_size = 64;
    const std::size_t half = rotated / 2;
    const std::vector<float> row = random.floats(3 * head_size);
    std::vector<float> cosine(half);
    std::vector<float> sine(half);
    for (std::size_t i = 0; i < half; ++i) {
      cosine[i] = std::cos(static_cast<float>(i) + 0.5f);
      sine[i] = std::sin(static_cast<float>(i) + 0.5f);
    }
    for (const RopeStyle style : {RopeStyle::Adjacent, RopeStyle::Halves}) {
      std::vector<float> turned = row;
      rope(turned, head_size, cosine, sine, style, GetParam());
      for (std::size_t head = 0; head < row.size(); head += head_size) {
        for (std::size_t i = 0; i < half; ++i) {
          const bool adjacent = style == RopeStyle::Adjacent;
          const std::size_t first = head + (adjacent ? 2 * i : i);
          const std::size_t second = head + (adjacent ? 2 * i + 1 : i + half);
          const double a = static_cast<double>(row[first]);
          const double b = static_cast<double>(row[second]);
          const double c = static_cast<double>(cosine[i]);
          const double s = static_cast<double>(sine[i]);
          expect_close(turned[first], a * c - b * s, 0, 2e-7, "first of pair");
          expect_close(turned[second], b * c + a * s, 0, 2e-7, "second of pair");
        }
        for (std::size_t i = rotated; i < head_size; ++i)
          ASSERT_EQ(turned[head + i], row[head + i]);
      }
    }
  }
}

TEST_P(Ops, AddAndDot) {
  test::Random random(9);
  for (const std::size_t n : lengths) {
    const std::vector<float> a = random.floats(n);
    const std::vector<float> b = random.floats(n);
    std::vector<float> sum(n);
    add(a, b, sum, GetParam());
    double product = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(sum[i], a[i] + b[i]);
      product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    expect_close(dot(a, b, GetParam()), product, 0, 1e-6 * static_cast<double>(n), "dot");
  }
}

INSTANTIATE_TEST_SUITE_P(AllIsas, Ops, testing::ValuesIn(test::all_isas),
                         [](const auto& test) { return test::label(test.param); });

TEST(LogSumExp, HandlesExtremes) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(log_sum_exp({}), -static_cast<double>(infinity));
  const float equal[] = {1e30f, 1e30f};
  EXPECT_DOUBLE_EQ(log_sum_exp(equal), static_cast<double>(1e30f));
  const float masked[] = {-infinity, 2.0f};
  EXPECT_DOUBLE_EQ(log_sum_exp(masked), 2.0);
  std::vector<float> x = {1.0f, 2.0f, 3.0f};
  log_softmax(x, x);
  EXPECT_NEAR(static_cast<double>(x[2]), -0.40760596444438, 1e-7);
}

}  // namespace
}  // namespace croft
