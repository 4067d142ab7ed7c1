#include "engine/token_weights.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/check.h"

namespace croft {
namespace {

/// exp(x) for x <= 0 by operations that every vector unit has, none of them fused: compilers make a
/// loop over it a vector loop, and its bits are the same everywhere.
float exp_of_negative(float x) {
  constexpr float lowest = -87.0f;
  const float y = x > lowest ? x : lowest;
  // 1.5 * 2^23 + n holds the integer n in its last bits.
  constexpr float magic = 0x1.8p23f;
  const float shifted = y * 1.44269504f + magic;
  const float n = shifted - magic;
  // ln 2 in two pieces: the first has few bits, so that n times it is exact.
  const float r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
  float sum = 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const auto exponent = static_cast<std::int32_t>(
      (std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(magic)) << 23);
  const float result = std::bit_cast<float>(std::bit_cast<std::int32_t>(sum) + exponent);
  return x > lowest ? result : 0.0f;
}

}  // namespace

void TokenWeights::compute(std::span<const float> logits, float largest, float temperature) {
  CHECK(!logits.empty() && temperature > 0.0f);
  // A temperature next to nothing: differences become minus infinity or stay 0, as they should.
  const float inverse = std::min(1.0f / temperature, std::numeric_limits<float>::max());
  const std::size_t runs = (logits.size() + run - 1) / run;
  values_.resize(logits.size());
  run_sums_.resize(runs);
  run_maxima_.resize(runs);
  total_ = 0.0;
  for (std::size_t r = 0; r < runs; ++r) {
    const std::size_t begin = r * run, size = std::min(run, logits.size() - begin);
    float sums[8] = {};
    float maxima[8] = {};
    float* out = values_.data() + begin;
    const float* in = logits.data() + begin;
    for (std::size_t i = 0; i < size; ++i) out[i] = exp_of_negative((in[i] - largest) * inverse);
    for (std::size_t i = 0; i + 8 <= size; i += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) {
        sums[lane] += out[i + lane];
        maxima[lane] = std::max(maxima[lane], out[i + lane]);
      }
    for (std::size_t i = size / 8 * 8; i < size; ++i) {
      sums[i % 8] += out[i];
      maxima[i % 8] = std::max(maxima[i % 8], out[i]);
    }
    double sum = 0.0;
    for (const float lane : sums) sum += static_cast<double>(lane);
    run_sums_[r] = sum;
    run_maxima_[r] = *std::ranges::max_element(maxima);
    total_ += sum;
  }
}

std::size_t TokenWeights::at_mass(double mass) const {
  std::size_t r = 0;
  for (; r + 1 < run_sums_.size() && mass >= run_sums_[r]; ++r) mass -= run_sums_[r];
  for (std::size_t i = r * run; i < values_.size(); ++i) {
    mass -= static_cast<double>(values_[i]);
    if (mass < 0.0 && values_[i] > 0.0f) return i;
  }
  // Rounding may leave a sliver behind the last weight.
  std::size_t last = values_.size() - 1;
  while (last > 0 && !(values_[last] > 0.0f)) --last;
  return last;
}

float TokenWeights::bound_of_best(std::size_t count) const {
  if (count == 0 || count > run_maxima_.size()) return 0.0f;
  order_ = run_maxima_;
  const auto nth = order_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(order_.begin(), nth, order_.end(), std::greater<>());
  return *nth;
}

}  // namespace croft
