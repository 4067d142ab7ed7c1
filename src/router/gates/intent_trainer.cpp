#include "router/gates/intent_trainer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/thread_pool.h"
#include "router/gates/intent_calibration.h"
#include "router/gates/intent_matrix.h"
#include "router/gates/intent_solver.h"

namespace croft {
namespace {

/// With this many rows a feature of a single text teaches nothing, and half of all features are
/// such.
constexpr std::size_t rows_for_texts_min_2 = 2000;

/// Everything that stays the same from fold to fold.
struct Material {
  const IntentTrainingOptions& options;
  std::span<const IntentRow> rows;
  std::vector<std::string> labels;
  std::vector<std::uint32_t> label_of_row;
  IntentCounts counts;
  ThreadPool pool;
  std::mutex mutex;  // of on_progress
  std::uint64_t done = 0;
};

std::vector<std::string> labels_of(std::span<const IntentRow> rows) {
  std::vector<std::string> labels;
  for (const IntentRow& row : rows)
    if (!row.label.empty()) labels.push_back(row.label);
  std::ranges::sort(labels);
  labels.erase(std::ranges::unique(labels).begin(), labels.end());
  return labels;
}

/// Rows of every label spread evenly over the folds; rows with one text stay together, or a model
/// would be judged by what it has seen.
std::vector<std::uint32_t> deal_folds(const Material& material) {
  const std::size_t count = material.rows.size();
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  const auto key = [&](std::uint32_t row) {
    std::uint64_t value = (row + 1) * 0x9E3779B97F4A7C15u ^ material.options.seed;
    value = (value ^ (value >> 29)) * 0xBF58476D1CE4E5B9u;
    return std::pair(material.label_of_row[row], value ^ (value >> 32));
  };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  std::unordered_map<std::string_view, std::uint32_t> fold_of_text;
  std::vector<std::uint32_t> folds(count);
  std::uint32_t next = 0;
  for (const std::uint32_t row : order) {
    const auto [found, is_new] = fold_of_text.try_emplace(material.rows[row].text, next);
    if (is_new) next = (next + 1) % static_cast<std::uint32_t>(material.options.folds);
    folds[row] = found->second;
  }
  return folds;
}

/// weights: [labels, rows], as they were trained. One scale for each feature.
void quantize(std::span<const float> weights, IntentModelData& data) {
  const std::size_t labels = data.labels.size();
  const std::size_t rows = data.buckets.size();
  data.scales.resize(rows);
  data.weights.resize(rows * labels);
  for (std::size_t row = 0; row < rows; ++row) {
    float largest = 0.0f;
    for (std::size_t label = 0; label < labels; ++label)
      largest = std::max(largest, std::abs(weights[label * rows + row]));
    data.scales[row] = largest / 127.0f;
    const float factor = largest > 0.0f ? 127.0f / largest : 0.0f;
    for (std::size_t label = 0; label < labels; ++label)
      data.weights[row * labels + label] =
          static_cast<std::int8_t>(std::lround(weights[label * rows + row] * factor));
  }
}

Result<IntentModelData> train_on(Material& material, std::span<const std::size_t> texts) {
  const IntentTrainingOptions& options = material.options;
  const std::size_t labels = material.labels.size();
  IntentVocabulary vocabulary =
      build_vocabulary(material.counts, texts, options.features,
                       {.texts_min = texts.size() >= rows_for_texts_min_2 ? 2u : 1u,
                        .buckets_max = intent_weights_max / labels});
  const IntentMatrix matrix = build_matrix(material.counts, texts, vocabulary, options.features);
  std::vector<std::uint32_t> label_of_row;
  for (const std::size_t text : texts) label_of_row.push_back(material.label_of_row[text]);

  const std::size_t columns = matrix.columns_count;
  IntentModelData data;
  data.features = options.features;
  data.labels = material.labels;
  data.biases.resize(labels);
  std::vector<float> weights(labels * columns);
  std::atomic<std::size_t> next{0};
  const std::uint64_t total = (options.folds + 1) * labels;
  material.pool.run([&](std::size_t) {
    IntentSolver solver;
    while (!options.stop.stop_requested()) {
      const std::size_t label = next.fetch_add(1, std::memory_order_relaxed);
      if (label >= labels) return;
      solver.solve(matrix, label_of_row, static_cast<std::uint32_t>(label),
                   {.cost = options.cost, .seed = options.seed});
      std::ranges::copy(solver.weights(),
                        weights.begin() + static_cast<std::ptrdiff_t>(label * columns));
      data.biases[label] = solver.bias();
      const std::scoped_lock lock(material.mutex);
      ++material.done;
      if (options.on_progress) options.on_progress(material.done, total);
    }
  });
  if (options.stop.stop_requested()) return fail(ErrorCode::Cancelled, "training was stopped");
  data.buckets = std::move(vocabulary.buckets);
  data.idfs = std::move(vocabulary.idfs);
  data.idf_unseen = vocabulary.idf_unseen;
  quantize(weights, data);
  return data;
}

/// Judges the rows of each fold with a model of all the others.
Result<std::vector<IntentOutcome>> cross_validate(Material& material) {
  const std::vector<std::uint32_t> folds = deal_folds(material);
  std::vector<IntentOutcome> outcomes(material.rows.size());
  IntentScratch scratch;
  for (std::uint32_t fold = 0; fold < material.options.folds; ++fold) {
    std::vector<std::size_t> rest;
    for (std::size_t row = 0; row < folds.size(); ++row)
      if (folds[row] != fold) rest.push_back(row);
    const IntentModel model(TRY(train_on(material, rest)));
    for (std::size_t row = 0; row < folds.size(); ++row) {
      if (folds[row] != fold) continue;
      const IntentDecision decision = model.decide(material.rows[row].text, scratch);
      IntentOutcome& outcome = outcomes[row];
      outcome.expected = material.label_of_row[row];
      outcome.confidence = decision.confidence;
      if (decision.best.empty()) continue;
      const auto found = std::ranges::lower_bound(material.labels, decision.best);
      outcome.best = static_cast<std::uint32_t>(found - material.labels.begin());
    }
  }
  return outcomes;
}

Result<void> check_rows(const Material& material) {
  const std::size_t in_scope = static_cast<std::size_t>(
      std::ranges::count_if(material.label_of_row, [](auto label) { return label != no_intent; }));
  if (material.labels.size() < 2)
    return fail(ErrorCode::InvalidArgument,
                "the rows in scope have " + std::to_string(material.labels.size()) +
                    " different labels; a model needs at least 2",
                "Add rows of another label; rows labelled oos say what is out of scope, and are no "
                "label of their own");
  if (in_scope < material.options.folds)
    return fail(ErrorCode::InvalidArgument,
                "there are " + std::to_string(in_scope) + " rows in scope for " +
                    std::to_string(material.options.folds) + " folds",
                "Add rows, or give a smaller --folds", "folds");
  if (material.counts.entries.empty())
    return fail(ErrorCode::InvalidArgument, "no text has a word in it",
                "The member `text` of a row is what is classified");
  return {};
}

std::vector<std::string> warnings_of(std::span<const IntentRow> rows) {
  std::unordered_map<std::string_view, std::string_view> label_of_text;
  std::size_t empty = 0;
  std::size_t contradictory = 0;
  for (const IntentRow& row : rows) {
    empty += row.text.empty() ? 1u : 0u;
    const auto [found, is_new] = label_of_text.try_emplace(row.text, row.label);
    contradictory += found->second != row.label ? 1u : 0u;
  }
  std::vector<std::string> warnings;
  if (empty != 0) warnings.push_back(std::to_string(empty) + " rows have an empty text");
  if (contradictory != 0)
    warnings.push_back(std::to_string(contradictory) +
                       " rows have a text that another row gives another label");
  return warnings;
}

}  // namespace

Result<IntentTraining> train_intents(const IntentRows& rows, const IntentTrainingOptions& options) {
  Material material{.options = options,
                    .rows = rows.rows,
                    .labels = labels_of(rows.rows),
                    .label_of_row = {},
                    .counts = TRY(count_features(rows.rows, options.features)),
                    .pool = ThreadPool(options.threads),
                    .mutex = {}};
  for (const IntentRow& row : rows.rows) {
    const auto found = std::ranges::lower_bound(material.labels, row.label);
    material.label_of_row.push_back(
        row.label.empty() ? no_intent
                          : static_cast<std::uint32_t>(found - material.labels.begin()));
  }
  TRY(check_rows(material));
  IntentTraining training;
  training.warnings = warnings_of(rows.rows);
  training.held_out = TRY(cross_validate(material));
  const IntentCalibration calibration = calibrate_intents(training.held_out, options.in_scope_kept);
  for (IntentOutcome& outcome : training.held_out)
    if (outcome.confidence >= calibration.confidence_min) outcome.answer = outcome.best;
  training.report = make_intent_report(training.held_out, material.labels);

  std::vector<std::size_t> all(rows.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  training.data = TRY(train_on(material, all));
  training.data.calibration = calibration;
  return training;
}

}  // namespace croft
