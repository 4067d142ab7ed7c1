#pragma once
/// A linear model that says what a text asks for, in microseconds, or that it cannot tell.
///
/// Every label has a weight for each feature that training saw (intent_features.h), a text has
/// (1 + ln count) · idf for each of its features, scaled to length 1, and the label with the
/// largest sum is the best one. How far to trust it comes from that sum and from how many of the
/// text's features the model knows at all; below the threshold the answer is "no signal", which is
/// an answer of its own: there is no default label.
///
/// File: docs/formats/intent_model.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/gates/add_rows.h"
#include "router/gates/bucket_index.h"
#include "router/gates/intent_features.h"

namespace croft {

/// Probability that the best label is right = 1 / (1 + exp(-(slope · confidence + offset))).
struct IntentCalibration {
  float slope = 1.0f;
  float offset = 0.0f;
  float confidence_min = 0.0f;  ///< below this there is no signal
};

/// What a model file holds. Rows are in the order of `buckets`, labels in that of `labels`.
struct IntentModelData {
  IntentFeatureSettings features;
  std::vector<std::string> labels;     ///< at least 2
  std::vector<float> biases;           ///< one a label
  std::vector<std::uint32_t> buckets;  ///< that training saw, strictly ascending
  std::vector<float> idfs;             ///< one a row
  std::vector<float> scales;           ///< one a row: weight = scale · int8
  std::vector<std::int8_t> weights;    ///< [rows, labels], without padding
  float idf_unseen = 1.0f;             ///< of a feature that training never saw
  IntentCalibration calibration;
  json::object report;  ///< how it was made and how good it was; for people
};

/// Views point into the model and live as long as it does.
struct IntentDecision {
  std::string_view label;      ///< empty: no signal
  std::string_view best;       ///< the label with the largest sum, also below the threshold
  std::string_view runner_up;  ///< the second; both are empty for a text without a known feature
  float probability = 0.0f;    ///< that `best` is right
  float margin = 0.0f;         ///< between the sums of the two; about 0 to 2
  float confidence = 0.0f;     ///< what the threshold is compared with; about 0 to 2
};

/// Memory that decisions reuse: one for each thread.
class IntentScratch {
 private:
  friend class IntentModel;
  IntentFeatureBuffer features_;
  /// One a row and one for all unknown features; all zero between two decisions.
  std::vector<std::uint16_t> counts_;
  std::vector<ScaledRow> rows_;
  std::vector<float> factors_;  ///< of rows_
  std::vector<std::int32_t> sums_;
};

/// Threads: `decide` may be called by any number at once, each with its own scratch.
class IntentModel {
 public:
  /// Errors: NotFound; Io; Corrupt (what and where); Unsupported (another version); TooLarge.
  static Result<IntentModel> load(const std::filesystem::path& path);
  /// Takes what the trainer made or the reader checked. Requires sizes that agree.
  explicit IntentModel(IntentModelData data);

  /// No allocation after the first call with this scratch and model, or one with fewer rows.
  [[nodiscard]] IntentDecision decide(std::string_view text, IntentScratch& scratch) const;

  [[nodiscard]] const std::vector<std::string>& labels() const { return data_.labels; }
  [[nodiscard]] const IntentCalibration& calibration() const { return data_.calibration; }
  [[nodiscard]] const json::object& report() const { return data_.report; }
  [[nodiscard]] std::size_t rows_count() const { return factors_.size(); }

 private:
  /// How much of a text the model knows.
  struct Known {
    float length = 0.0f;      ///< of the vector of known features
    float length_all = 0.0f;  ///< with the unknown ones
    float unit = 0.0f;        ///< what a sum of 1 is worth, before dividing by `length`
  };
  struct RowFactors {
    float idf = 0.0f;
    float scale = 0.0f;
  };
  Known gather(std::string_view text, IntentScratch& scratch) const;

  IntentModelData data_;  ///< without its tables of rows, which follow
  BucketIndex index_;
  std::vector<RowFactors> factors_;
  std::size_t stride_ = 0;
  std::vector<std::int8_t> padded_;
};

/// 1 + ln(count), for counts of features in one text.
[[nodiscard]] float intent_count_weight(std::size_t count);

}  // namespace croft
