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

/// The rows' features, with what the prompt makes expect of the answer where that is known.
std::vector<ConfidenceFeatures> with_prompts(std::span<const ConfidenceFeatures> features,
                                             const std::vector<double>* expected) {
  std::vector<ConfidenceFeatures> out(features.begin(), features.end());
  if (expected != nullptr)
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i][ConfidenceFeature::IntentProbability] = std::clamp((*expected)[i], 0.0, 1.0);
  return out;
}

/// What the rows of `fold` are expected to be by a model of all other rows; nullopt where the model
/// cannot judge.
Result<void> judge_fold(std::span<const ConfidenceFeatures> features,
                        std::span<const double> targets, std::span<const std::uint32_t> folds,
                        std::uint32_t fold, const ConfidenceTraining& training,
                        std::vector<std::optional<double>>& out) {
  std::vector<ConfidenceFeatures> seen;
  std::vector<double> seen_targets;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (folds[i] == fold) continue;
    seen.push_back(features[i]);
    seen_targets.push_back(targets[i]);
  }
  const OutcomeModel model = TRY(fit(seen, seen_targets, training));
  for (std::size_t i = 0; i < features.size(); ++i)
    if (folds[i] == fold) out[i] = model.expect(features[i]);
  return {};
}

}  // namespace

Result<ExpectedOutcomes> score_signals(std::span<const ConfidenceFeatures> features,
                                       const OutcomePairs& pairs,
                                       std::span<const std::uint32_t> folds_of_rows,
                                       std::uint32_t folds, const ConfidenceTraining& training,
                                       const NestedPromptScores* prompts) {
  std::vector<std::optional<double>> weak(pairs.size()), strong(pairs.size());
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    const ExpectedOutcomes* expected = prompts == nullptr ? nullptr : &prompts->without[fold];
    TRY(judge_fold(with_prompts(features, expected ? &expected->weak : nullptr), pairs.weak,
                   folds_of_rows, fold, training, weak));
    TRY(judge_fold(with_prompts(features, expected ? &expected->strong : nullptr), pairs.strong,
                   folds_of_rows, fold, training, strong));
  }
  ExpectedOutcomes out;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const bool judged = weak[i] && strong[i];
    out.weak.push_back(judged ? *weak[i] : 0.0);
    out.strong.push_back(judged ? *strong[i] : 1.0);
  }
  return out;
}

}  // namespace croft
