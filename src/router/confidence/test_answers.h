#pragma once
/// For tests: labelled answers drawn from a known curve of risk.

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "router/confidence/labelled_answers.h"

namespace croft::test {

/// P(not acceptable) of an answer at a place from 0 (hardest) to 1.
using RiskCurve = std::function<double(double place)>;

struct Population {
  std::vector<ConfidenceFeatures> features;
  std::vector<double> risk;
};

/// `place` is uniform; logprob_mean follows it with a little noise, logprob_q10 with much.
inline Population draw_population(const RiskCurve& curve, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  Population out;
  for (std::size_t i = 0; i < count; ++i) {
    const double place = uniform(random);
    ConfidenceFeatures row;
    row[ConfidenceFeature::LogprobMean] = -2.0 * (1.0 - place) - 0.05 * uniform(random);
    row[ConfidenceFeature::LogprobQ10] = -4.0 * (1.0 - place) - 3.0 * uniform(random);
    out.features.push_back(row);
    out.risk.push_back(curve(place));
  }
  return out;
}

/// `count` answers of the population with outcomes by its risks. `fractional`: losses of 0 to 1
/// with that mean.
inline LabelledAnswers draw_answers(const Population& from, std::size_t count, std::uint64_t seed,
                                    bool fractional = false) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  LabelledAnswers out;
  out.kind = fractional ? LossKind::Bounded : LossKind::Binary;
  out.digest = std::string(64, '0');
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(random() % from.risk.size());
    LabelledAnswer row;
    row.id = std::to_string(i);
    const double risk = from.risk[at];
    const double high = std::min(1.0, 2.0 * risk), low = 2.0 * risk - high;
    if (fractional)
      row.loss = uniform(random) < 0.5 ? high : low;
    else
      row.loss = uniform(random) < risk ? 1.0 : 0.0;
    row.features[2] = from.features[at];
    out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace croft::test
