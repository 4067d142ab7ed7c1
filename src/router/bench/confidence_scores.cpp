#include "router/bench/confidence_scores.h"

#include <algorithm>
#include <optional>

namespace croft {
namespace {

/// A model of one outcome, or the outcome that all rows share.
struct OutcomeModel {
  std::optional<ConfidenceModel> model;
  double constant = 0.0;

  [[nodiscard]] std::optional<double> expect(const ConfidenceFeatures& features) const {
    return model ? model->score(features) : constant;
  }
};

Result<OutcomeModel> fit(std::span<const ConfidenceFeatures> rows, std::span<const double> targets,
                         const ConfidenceTraining& training) {
  const auto differs = [&](double target) { return target != targets.front(); };
  if (!targets.empty() && std::ranges::none_of(targets, differs))
    return OutcomeModel{.model = {}, .constant = targets.front()};
  return OutcomeModel{.model = TRY(train_confidence(rows, targets, training)), .constant = 0.0};
}

}  // namespace

Result<ExpectedOutcomes> score_signals(std::span<const ConfidenceFeatures> features,
                                       const OutcomePairs& pairs,
                                       std::span<const std::uint32_t> folds_of_rows,
                                       std::uint32_t folds, const ConfidenceTraining& training) {
  ExpectedOutcomes out;
  out.weak.resize(pairs.size());
  out.strong.resize(pairs.size());
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    std::vector<ConfidenceFeatures> seen;
    std::vector<double> weak, strong;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (folds_of_rows[i] == fold) continue;
      seen.push_back(features[i]);
      weak.push_back(pairs.weak[i]);
      strong.push_back(pairs.strong[i]);
    }
    const OutcomeModel weak_model = TRY(fit(seen, weak, training));
    const OutcomeModel strong_model = TRY(fit(seen, strong, training));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (folds_of_rows[i] != fold) continue;
      const auto weak_right = weak_model.expect(features[i]);
      const auto strong_right = strong_model.expect(features[i]);
      out.weak[i] = weak_right && strong_right ? *weak_right : 0.0;
      out.strong[i] = weak_right && strong_right ? *strong_right : 1.0;
    }
  }
  return out;
}

}  // namespace croft
