#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace croft {

std::vector<float> llama3_divisors(const Llama3Scaling& s, double theta, std::uint32_t rotated) {
  std::vector<float> divisors(rotated / 2);
  const double wavelength_low = s.original_context / s.low_frequency_factor;
  const double wavelength_high = s.original_context / s.high_frequency_factor;
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double frequency = std::pow(theta, -2.0 * static_cast<double>(i) / rotated);
    const double wavelength = 2.0 * std::numbers::pi / frequency;
    double divisor = 1.0;
    if (wavelength > wavelength_low) {
      divisor = s.factor;
    } else if (wavelength >= wavelength_high) {
      const double smooth = (s.original_context / wavelength - s.low_frequency_factor) /
                            (s.high_frequency_factor - s.low_frequency_factor);
      divisor = 1.0 / ((1.0 - smooth) / s.factor + smooth);
    }
    divisors[i] = static_cast<float>(divisor);
  }
  return divisors;
}

std::vector<float> yarn_divisors(const YarnScaling& s, double theta, std::uint32_t rotated) {
  // The dimension whose wavelength fits `rotations` times into the original context.
  const auto dimension = [&](double rotations) {
    return rotated * std::log(s.original_context / (rotations * 2.0 * std::numbers::pi)) /
           (2.0 * std::log(theta));
  };
  double low = dimension(s.beta_fast);
  double high = dimension(s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rotated) - 1.0);
  if (low == high) high += 0.001;  // the ramp must not divide by zero
  std::vector<float> divisors(rotated / 2);
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    divisors[i] = static_cast<float>(1.0 / (ramp / s.factor + (1.0 - ramp)));
  }
  return divisors;
}

float yarn_magnitude(double factor, double weight) {
  return factor <= 1.0 ? 1.0f : static_cast<float>(0.1 * weight * std::log(factor) + 1.0);
}

float longrope_magnitude(double factor, double original_context) {
  if (factor <= 1.0) return 1.0f;
  return static_cast<float>(std::sqrt(1.0 + std::log(factor) / std::log(original_context)));
}

}  // namespace croft
