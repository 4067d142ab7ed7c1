#pragma once
/// From a recorded answer to the features that the server would have had at each decision point,
/// and to rows as `croft route calibrate` reads them.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "router/bench/recorded_file.h"
#include "router/confidence/confidence_features.h"

namespace croft {

using PointFeatures = std::array<std::optional<ConfidenceFeatures>, decision_point_count>;

/// `early_tokens`: when the early point comes; absent where the answer is shorter.
[[nodiscard]] PointFeatures recorded_features(const RecordedAnswer& answer,
                                              std::uint32_t early_tokens);

/// Prices per million tokens, in any one currency.
struct AnswerPrices {
  double in = 0.0;
  double out = 0.0;
  /// What an answer costs.
  [[nodiscard]] double cost(const RecordedAnswer& answer) const;
};

/// The local and the cloud's answer to one question.
struct RecordedPair {
  const RecordedAnswer* local = nullptr;
  const RecordedAnswer* cloud = nullptr;
};

/// JSON lines of docs/formats/calibration.md: a header, then one row a pair. `cost` is the cloud's.
[[nodiscard]] std::string labelled_rows_text(const RecordedFile& local, const RecordedFile& cloud,
                                             std::span<const RecordedPair> pairs,
                                             std::uint32_t early_tokens,
                                             const AnswerPrices& prices);

}  // namespace croft
