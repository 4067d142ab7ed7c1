#pragma once
/// Labelled answers as JSON lines: what the engine knew while it answered, and whether the answer
/// was acceptable. The format: docs/formats/calibration.md.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/confidence/confidence_features.h"
#include "router/confidence/risk_evidence.h"

namespace croft {

/// One request.
struct LabelledAnswer {
  std::string id;
  std::string task;  ///< may be empty
  /// What serving the local answer costs in quality, 0 to 1: 0 where it was acceptable, or where
  /// the cloud's was not either.
  double loss = 0.0;
  double cost = 0.0;  ///< of the cloud's answer, in any one currency
  /// Per decision point; absent where the answer never came to it.
  std::array<std::optional<ConfidenceFeatures>, decision_point_count> features;
};

struct LabelledAnswers {
  std::vector<LabelledAnswer> rows;
  LossKind kind = LossKind::Binary;
  bool against_cloud = false;  ///< the rows say whether the cloud's answer was acceptable
  bool has_costs = false;
  // From the header line; empty where it does not say.
  std::string model_digest;
  std::string template_hash;
  std::optional<std::uint32_t> early_tokens;
  std::string digest;  ///< SHA-256 of the text
};

inline constexpr std::size_t labelled_bytes_max = 1024ULL * 1024 * 1024;
inline constexpr std::size_t labelled_rows_max = 1'000'000;
inline constexpr std::uint32_t early_tokens_max = 65'536;

/// Reads JSON lines; `what` names them in messages ("FILE:LINE: ..."). Empty lines are skipped.
/// Errors: InvalidArgument (no JSON, an unknown member, a value out of range, an id twice, rows
/// that measure differently); TooLarge. A file without rows is InvalidArgument too.
Result<LabelledAnswers> parse_labelled_answers(std::string_view text, std::string_view what);

/// Whether `text` can be a digest or a hash: 1 to 128 letters, digits, '-', '_', ':', '+', '/',
/// '=' or '.'.
[[nodiscard]] bool is_digest_text(std::string_view text);

}  // namespace croft
