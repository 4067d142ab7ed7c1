#include "router/gates/intent_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "io/mapped_file.h"
#include "router/gates/intent_model_file.h"

namespace croft {
namespace {

const auto count_weights = [] {
  std::array<float, 32> values{};
  for (std::size_t i = 1; i < values.size(); ++i)
    values[i] = 1.0f + std::log(static_cast<float>(i));
  return values;
}();

/// Below it a row says nothing, and dividing by it could overflow: training stays far above, a file
/// may hold anything.
constexpr float factor_min = 1e-30f;

struct TopTwo {
  std::size_t best = 0;
  std::size_t second = 0;
  float best_score = 0.0f;
  float second_score = 0.0f;
};

/// Equal sums: the label that comes first.
TopTwo top_two(std::span<const std::int32_t> sums, std::span<const float> biases, float unit) {
  const auto score = [&](std::size_t i) { return static_cast<float>(sums[i]) * unit + biases[i]; };
  TopTwo top{.best = 0, .second = 1, .best_score = score(0), .second_score = score(1)};
  if (top.second_score > top.best_score) {
    std::swap(top.best, top.second);
    std::swap(top.best_score, top.second_score);
  }
  for (std::size_t i = 2; i < biases.size(); ++i) {
    const float here = score(i);
    if (here <= top.second_score) continue;
    top.second = i;
    top.second_score = here;
    if (here > top.best_score) {
      std::swap(top.best, top.second);
      std::swap(top.best_score, top.second_score);
    }
  }
  return top;
}

}  // namespace

float intent_count_weight(std::size_t count) {
  return count_weights[std::min(count, count_weights.size() - 1)];
}

IntentModel::IntentModel(IntentModelData data)
    : data_(std::move(data)),
      index_(data_.buckets, data_.features.buckets_count()),
      stride_((data_.labels.size() + intent_row_alignment - 1) / intent_row_alignment *
              intent_row_alignment) {
  const std::size_t rows = data_.buckets.size();
  const std::size_t labels = data_.labels.size();
  CHECK(labels >= 2 && data_.biases.size() == labels && data_.weights.size() == rows * labels &&
        data_.idfs.size() == rows && data_.scales.size() == rows);
  padded_.resize(rows * stride_);
  for (std::size_t row = 0; row < rows; ++row)
    std::copy_n(&data_.weights[row * labels], labels, &padded_[row * stride_]);
  for (std::size_t row = 0; row < rows; ++row)
    factors_.push_back({.idf = data_.idfs[row], .scale = data_.scales[row]});
  data_.weights = {};
  data_.buckets = {};
  data_.idfs = {};
  data_.scales = {};
}

Result<IntentModel> IntentModel::load(const std::filesystem::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  return IntentModel(TRY(parse_intent_model(file.bytes(), path.string())));
}

IntentModel::Known IntentModel::gather(std::string_view text, IntentScratch& scratch) const {
  const auto buckets = scratch.features_.hash(text, data_.features);
  if (scratch.counts_.size() <= rows_count()) scratch.counts_.resize(rows_count() + 1);
  if (scratch.rows_.size() < intent_rows_max) {
    scratch.rows_.resize(intent_rows_max);
    scratch.factors_.resize(intent_rows_max);
  }
  const std::span<std::uint16_t> counts = scratch.counts_;
  const std::uint32_t absent = index_.absent();
  std::size_t rows_count = 0;
  for (const std::uint32_t bucket : buckets) {
    const std::uint32_t row = index_.row(bucket);
    scratch.rows_[rows_count].row = row;
    rows_count += static_cast<std::size_t>(counts[row] == 0 && row != absent);
    ++counts[row];
  }
  const auto unseen_count = static_cast<float>(std::exchange(counts[absent], 0));

  float squares = 0.0f;
  float factor_max = 0.0f;
  const std::span<ScaledRow> rows = std::span(scratch.rows_).first(rows_count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RowFactors& of_row = factors_[rows[i].row];
    const float value = intent_count_weight(std::exchange(counts[rows[i].row], 0)) * of_row.idf;
    squares += value * value;
    scratch.factors_[i] = value * of_row.scale;
    factor_max = std::max(factor_max, scratch.factors_[i]);
  }
  const float steps =
      factor_max >= factor_min ? static_cast<float>(intent_multiplier_max) / factor_max : 0.0f;
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].multiplier = static_cast<std::int16_t>(scratch.factors_[i] * steps + 0.5f);
  scratch.sums_.resize(stride_);
  add_rows(padded_.data(), stride_, rows, scratch.sums_);
  const float unseen = unseen_count * data_.idf_unseen * data_.idf_unseen;
  return {.length = std::sqrt(squares),
          .length_all = std::sqrt(squares + unseen),
          .unit = steps > 0.0f ? 1.0f / steps : 0.0f};
}

IntentDecision IntentModel::decide(std::string_view text, IntentScratch& scratch) const {
  const Known known = gather(text, scratch);
  if (known.length == 0.0f) return {};
  const TopTwo top = top_two(scratch.sums_, data_.biases, known.unit / known.length);
  IntentDecision decision{.label = {},
                          .best = data_.labels[top.best],
                          .runner_up = data_.labels[top.second],
                          .probability = 0.0f,
                          .margin = top.best_score - top.second_score,
                          .confidence = 0.0f};
  // A sum of -1 is what training asks of a label that is wrong, 1 of one that is right.
  decision.confidence = std::max(0.0f, top.best_score + 1.0f) * known.length / known.length_all;
  const IntentCalibration& calibration = data_.calibration;
  decision.probability =
      1.0f / (1.0f + std::exp(-(calibration.slope * decision.confidence + calibration.offset)));
  if (decision.confidence >= calibration.confidence_min) decision.label = decision.best;
  return decision;
}

}  // namespace croft
