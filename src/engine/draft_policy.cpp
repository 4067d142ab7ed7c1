#include "engine/draft_policy.h"

#include <algorithm>

namespace croft {
namespace {

/// A step of 4 rows costs about 1.3 steps of one.
constexpr double row_cost = 0.1;
/// What guessing must save at least, as a factor of speed.
constexpr double worth = 1.05;
constexpr double newest = 0.1;
/// Below this no draft model is cheap enough.
constexpr double hopeless = 0.3;
constexpr std::size_t pause_max = 512;

}  // namespace

std::size_t DraftPolicy::wanted(double cost, std::size_t count_max) const {
  if (pause_ != 0) return 0;
  std::size_t best = 0;
  double best_gain = worth;
  double tokens = 1.0, chance = 1.0;  // expected tokens of a step; that all guesses so far hold
  for (std::size_t count = 1; count <= count_max; ++count) {
    chance *= acceptance_;
    tokens += chance;
    const double gain = tokens / (1.0 + (row_cost + cost) * static_cast<double>(count));
    if (gain <= best_gain) continue;
    best_gain = gain;
    best = count;
  }
  return best;
}

void DraftPolicy::learn(std::size_t proposed, std::size_t held) {
  if (pause_ != 0) {
    --pause_;
    return;
  }
  if (proposed == 0) return;
  // Guesses behind the first wrong one were not tried.
  for (std::size_t i = 0; i < held; ++i) acceptance_ += newest * (1.0 - acceptance_);
  if (held < proposed) acceptance_ -= newest * acceptance_;
  if (acceptance_ >= hopeless) return;
  pause_ = pause_next_;
  pause_next_ = std::min(pause_next_ * 2, pause_max);
  acceptance_ = 2.0 * hopeless;
}

}  // namespace croft
