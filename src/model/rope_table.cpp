#include "model/rope_table.h"

#include <cmath>

#include "base/check.h"

namespace croft {
namespace {

std::vector<float> frequencies(double theta, std::uint32_t rotated,
                               const std::vector<float>& divisors, double linear_factor) {
  std::vector<float> out(rotated / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(rotated);
    float frequency = 1.0f / std::pow(static_cast<float>(theta), exponent);
    if (!divisors.empty()) frequency /= divisors[i];
    if (linear_factor != 1.0) frequency /= static_cast<float>(linear_factor);
    out[i] = frequency;
  }
  return out;
}

}  // namespace

RopeTable::RopeTable(const RopeConfig& c) : magnitude_(c.magnitude) {
  const bool longrope = c.original_context != 0;
  frequencies_[0] =
      frequencies(c.theta, c.rotated, longrope ? c.divisors_short : c.divisors, c.linear_factor);
  frequencies_[1] = longrope ? frequencies(c.theta, c.rotated, c.divisors_long, c.linear_factor)
                             : frequencies_[0];
  // Sliding layers with their own base are never rescaled.
  frequencies_[2] = c.theta_local == c.theta && c.linear_factor == 1.0 && c.divisors.empty()
                        ? frequencies_[0]
                        : frequencies(c.theta_local, c.rotated, {}, 1.0);
}

void RopeTable::fill(RopeSet set, std::size_t position, std::span<float> cosine,
                     std::span<float> sine) const {
  const std::vector<float>& frequency = frequencies_[static_cast<std::size_t>(set)];
  // Sliding layers of a base of their own are never rescaled: no magnitude either.
  const float magnitude = set == RopeSet::Local ? 1.0f : magnitude_;
  DCHECK(cosine.size() == frequency.size() && sine.size() == frequency.size());
  for (std::size_t i = 0; i < frequency.size(); ++i) {
    const float angle = static_cast<float>(position) * frequency[i];
    cosine[i] = std::cos(angle) * magnitude;
    sine[i] = std::sin(angle) * magnitude;
  }
}

}  // namespace croft
