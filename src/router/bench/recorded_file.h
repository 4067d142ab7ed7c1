#pragma once
/// Files that bench/router/record.py writes: what one model answered to the rows of one task, with
/// the log-probabilities of every token. Its README lists the members; the bytes are foreign.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

struct RecordedAnswer {
  std::string id;
  bool correct = false;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t completion_tokens = 0;
  /// In nats, one a token; margins and entropies are empty where none were kept.
  std::vector<double> logprobs, margins, entropies;
  /// First and one past the last token of the answer's last part (the number, the total).
  std::uint32_t span_begin = 0, span_end = 0;
  /// Best less second label, each above its own average; where labels were scored.
  std::optional<double> label_margin;
  /// Share of the further samples that equal the answer; where some were drawn.
  std::optional<double> agreement;
};

struct RecordedFile {
  std::string task;
  std::string model;
  std::string model_digest;  ///< SHA-256 of the model's file
  std::string recipe;        ///< JSON, for provenance
  std::string digest;        ///< SHA-256 of the text
  std::vector<RecordedAnswer> rows;
};

/// `what` names the text in messages ("FILE:LINE: ..."). Errors: InvalidArgument (no header, a
/// member that is missing or out of range, an id twice); TooLarge.
Result<RecordedFile> parse_recorded(std::string_view text, std::string_view what);

}  // namespace croft
