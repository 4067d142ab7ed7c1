#include "router/bench/prompt_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "base/thread_pool.h"
#include "router/gates/intent_matrix.h"

namespace croft {
namespace {

constexpr std::size_t targets_count = 2;
constexpr std::size_t passes_max = 60;
constexpr double tolerance = 1e-3;  // of the largest step of a dual variable in a pass

/// Prompts of benchmarks are longer than what people ask of an intent model.
constexpr IntentFeatureSettings kFeatures{
    .bucket_bits = 20, .head_bytes = 2048, .tail_bytes = 512, .gram_min = 3, .gram_max = 5};
constexpr std::size_t columns_max = 1'000'000;

using Pair = std::array<double, targets_count>;

/// Ridge regression for both targets at once by dual coordinate ascent: one row at a time, its dual
/// variable set to the exact optimum given the others. Minimises
/// 1/2 sum (w.x + b + mean - y)^2 + penalty/2 (|w|^2 + b^2).
class Ridge {
 public:
  Ridge(const IntentMatrix& rows, std::span<const Pair> targets, double penalty, std::uint64_t seed)
      : weights_(rows.columns_count) {
    for (const Pair& y : targets)
      for (std::size_t t = 0; t < targets_count; ++t)
        mean_[t] += y[t] / static_cast<double>(targets.size());
    std::vector<Pair> duals(targets.size());
    std::vector<std::uint32_t> order(targets.size());
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937_64 random(seed);
    for (std::size_t pass = 0; pass < passes_max; ++pass) {
      // std::shuffle draws otherwise with each library.
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
      double largest = 0.0;
      for (const std::uint32_t i : order)
        largest = std::max(largest, visit(rows.row(i), targets[i], penalty, duals[i]));
      if (largest < tolerance) break;
    }
  }

  [[nodiscard]] Pair predict(std::span<const IntentMatrix::Entry> row) const {
    Pair sum;
    for (std::size_t t = 0; t < targets_count; ++t) sum[t] = mean_[t] + bias_[t];
    for (const auto& [column, value] : row)
      for (std::size_t t = 0; t < targets_count; ++t) sum[t] += weights_[column][t] * value;
    return sum;
  }

 private:
  double visit(std::span<const IntentMatrix::Entry> row, const Pair& target, double penalty,
               Pair& dual) {
    const Pair said = predict(row);
    // |x|^2 is 1 (0 for a text without features), and 1 more for the bias.
    const double norm = row.empty() ? 1.0 : 2.0;
    std::array<float, targets_count> step;
    double largest = 0.0;
    for (std::size_t t = 0; t < targets_count; ++t) {
      const double change = (target[t] - said[t] - dual[t]) / (1.0 + norm / penalty);
      dual[t] += change;
      bias_[t] += change / penalty;
      step[t] = static_cast<float>(change / penalty);
      largest = std::max(largest, std::abs(change));
    }
    for (const auto& [column, value] : row)
      for (std::size_t t = 0; t < targets_count; ++t) weights_[column][t] += step[t] * value;
    return largest;
  }

  std::vector<std::array<float, targets_count>> weights_;
  Pair bias_{};
  Pair mean_{};
};

/// Two parts that a regression must not see; the same twice: one.
struct HiddenParts {
  std::uint32_t first = 0, second = 0;
  [[nodiscard]] bool hide(std::uint32_t fold) const { return fold == first || fold == second; }
};

Result<NestedPromptScores> judge(const OutcomePairs& pairs, std::span<const HiddenParts> jobs,
                                 const PromptScoreOptions& options) {
  std::vector<IntentRow> texts;
  for (const std::string& prompt : pairs.prompts) texts.push_back({.text = prompt, .label = {}});
  const IntentCounts counts = TRY(count_features(texts, kFeatures));
  NestedPromptScores out;
  out.folds = folds_of(pairs.prompts, options.folds, options.seed);
  for (const HiddenParts& job : jobs)
    if (std::ranges::all_of(out.folds, [&](std::uint32_t fold) { return job.hide(fold); }))
      return fail(ErrorCode::InvalidArgument,
                  "the prompts are too few or too alike: a part of them is all there is");
  out.without.resize(options.folds);
  for (ExpectedOutcomes& scores : out.without) {
    scores.weak.resize(pairs.size());
    scores.strong.resize(pairs.size());
  }
  const auto judge_hidden = [&](const HiddenParts& job) {
    std::vector<std::size_t> seen, unseen;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      (job.hide(out.folds[i]) ? unseen : seen).push_back(i);
    const IntentVocabulary vocabulary =
        build_vocabulary(counts, seen, kFeatures, {.texts_min = 1, .buckets_max = columns_max});
    std::vector<Pair> targets;
    for (const std::size_t i : seen) targets.push_back({pairs.weak[i], pairs.strong[i]});
    const Ridge ridge(build_matrix(counts, seen, vocabulary, kFeatures), targets, options.penalty,
                      options.seed + job.first * options.folds + job.second);
    const IntentMatrix rows = build_matrix(counts, unseen, vocabulary, kFeatures);
    for (std::size_t k = 0; k < unseen.size(); ++k) {
      const Pair said = ridge.predict(rows.row(k));
      // A row of one hidden part belongs to the scores that do without the other.
      const bool of_first = out.folds[unseen[k]] == job.first;
      ExpectedOutcomes& scores = out.without[of_first ? job.second : job.first];
      scores.weak[unseen[k]] = said[0];
      scores.strong[unseen[k]] = said[1];
    }
  };
  ThreadPool pool(options.threads);
  pool.parallel_for(jobs.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t job = begin; job < end; ++job) judge_hidden(jobs[job]);
  });
  return out;
}

}  // namespace

ExpectedOutcomes NestedPromptScores::plain() const {
  ExpectedOutcomes out;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    out.weak.push_back(without[folds[i]].weak[i]);
    out.strong.push_back(without[folds[i]].strong[i]);
  }
  return out;
}

Result<NestedPromptScores> score_prompts_nested(const OutcomePairs& pairs,
                                                const PromptScoreOptions& options) {
  std::vector<HiddenParts> jobs;
  for (std::uint32_t first = 0; first < options.folds; ++first)
    for (std::uint32_t second = first; second < options.folds; ++second)
      jobs.push_back({first, second});
  return judge(pairs, jobs, options);
}

Result<ExpectedOutcomes> score_prompts(const OutcomePairs& pairs,
                                       const PromptScoreOptions& options) {
  std::vector<HiddenParts> jobs;
  for (std::uint32_t fold = 0; fold < options.folds; ++fold) jobs.push_back({fold, fold});
  return TRY(judge(pairs, jobs, options)).plain();
}

}  // namespace croft
