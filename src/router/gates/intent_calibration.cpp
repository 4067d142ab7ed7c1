#include "router/gates/intent_calibration.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace croft {
namespace {

/// The value below which the share `below` of `values` lies. Requires a value.
float quantile(std::vector<float> values, double below) {
  std::ranges::sort(values);
  const auto place = static_cast<std::size_t>(below * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

float threshold_of(std::span<const IntentOutcome> held_out, double in_scope_kept) {
  constexpr std::size_t out_of_scope_min = 20;
  constexpr double out_of_scope_stopped = 0.9;
  std::vector<float> inside;
  std::vector<float> outside;
  for (const IntentOutcome& outcome : held_out)
    (outcome.expected == no_intent ? outside : inside).push_back(outcome.confidence);
  const float threshold = quantile(std::move(inside), 1.0 - in_scope_kept);
  if (outside.size() < out_of_scope_min) return threshold;
  return std::min(threshold, quantile(std::move(outside), out_of_scope_stopped));
}

}  // namespace

IntentCalibration calibrate_intents(std::span<const IntentOutcome> held_out, double in_scope_kept) {
  // Newton's method. The two rows' worth of prior keeps both numbers finite where every answer is
  // right, or every one is wrong.
  constexpr int steps_max = 50;
  constexpr double prior = 0.5;
  double slope = 1.0;
  double offset = 0.0;
  for (int step = 0; step < steps_max; ++step) {
    double g0 = prior * 2.0 * (1.0 / (1.0 + std::exp(-offset)) - 0.5);
    double g1 = prior * (slope - 1.0) * 1e-3;
    double h00 = prior * 0.5;
    double h01 = 0.0;
    double h11 = prior * 1e-3;
    for (const IntentOutcome& outcome : held_out) {
      const double x = static_cast<double>(outcome.confidence);
      const double p = 1.0 / (1.0 + std::exp(-(slope * x + offset)));
      const bool right = outcome.expected != no_intent && outcome.best == outcome.expected;
      const double error = p - (right ? 1.0 : 0.0);
      const double curvature = std::max(p * (1.0 - p), 1e-6);
      g0 += error;
      g1 += error * x;
      h00 += curvature;
      h01 += curvature * x;
      h11 += curvature * x * x;
    }
    const double determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-12)) break;
    // A step of at most 4 either way: far from the solution the parabola is a poor guess.
    const double d0 = std::clamp((h11 * g0 - h01 * g1) / determinant, -4.0, 4.0);
    const double d1 = std::clamp((h00 * g1 - h01 * g0) / determinant, -4.0, 4.0);
    offset -= d0;
    slope -= d1;
    if (std::abs(d0) + std::abs(d1) < 1e-9) break;
  }
  return {.slope = static_cast<float>(std::clamp(slope, 0.0, 100.0)),
          .offset = static_cast<float>(std::clamp(offset, -100.0, 100.0)),
          .confidence_min = threshold_of(held_out, in_scope_kept)};
}

}  // namespace croft
