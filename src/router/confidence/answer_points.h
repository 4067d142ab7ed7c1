#pragma once
/// The features of a finished answer at each decision point, as a server would have seen them on
/// the way: what labelled rows are made of.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/json.h"
#include "router/confidence/answer_signals.h"

namespace croft {

/// One generated token and how long the answer's text was with it.
struct AnsweredToken {
  TokenLogprob token;
  std::size_t text_bytes = 0;
};

using PointFeatures = std::array<std::optional<ConfidenceFeatures>, decision_point_count>;

/// Prefill is after the first token, early after `early_tokens` (absent where the answer is
/// shorter), end after all, with the last line as the answer's span.
[[nodiscard]] PointFeatures features_at_points(const AnswerContext& context,
                                               std::span<const AnsweredToken> tokens,
                                               std::string_view text, std::size_t early_tokens);

/// `features` of a labelled row: known values only.
[[nodiscard]] json::object point_features_json(const PointFeatures& features);

}  // namespace croft
