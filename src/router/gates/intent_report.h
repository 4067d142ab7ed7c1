#pragma once
/// How good an intent model is on labelled rows: the figures that training prints from its held-out
/// rows, and `croft route evaluate` from a file.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace croft {

/// "No signal" as an answer, "out of scope" as a label.
inline constexpr std::uint32_t no_intent = 0xFFFFFFFF;

/// One row: what it is, and what the model made of it. Numbers are places in a list of labels.
struct IntentOutcome {
  std::uint32_t expected = no_intent;
  std::uint32_t best = no_intent;    ///< also below the threshold; no_intent: no known feature
  std::uint32_t answer = no_intent;  ///< no_intent: no signal
  float confidence = 0.0f;
};

struct IntentLabelReport {
  std::string label;
  std::size_t rows = 0;
  double precision = 0.0;  ///< of the answers with this label; 0 where there are none
  double recall = 0.0;     ///< of its rows; "no signal" is a miss; 0 where there are none
  double f1 = 0.0;
};

struct IntentConfusion {
  std::string expected;  ///< empty: out of scope
  std::string answer;    ///< empty: no signal
  std::size_t rows = 0;
};

struct IntentReport {
  std::size_t rows = 0;
  std::size_t in_scope_rows = 0;
  std::size_t out_of_scope_rows = 0;
  double accuracy = 0.0;             ///< over all rows; out of scope is right with no signal
  double in_scope_accuracy = 0.0;    ///< right and not rejected
  double accuracy_unrejected = 0.0;  ///< in scope, as if there were no threshold
  double in_scope_kept = 0.0;        ///< in scope and not rejected, right or wrong
  double out_of_scope_recall = 0.0;  ///< out of scope and no signal
  double macro_f1 = 0.0;             ///< over the labels that have rows
  std::vector<IntentLabelReport> labels;
  std::vector<IntentConfusion> confusions;  ///< every wrong pair, most rows first
};

/// Figures without rows (recall where nothing is out of scope) are 0.
IntentReport make_intent_report(std::span<const IntentOutcome> outcomes,
                                std::span<const std::string> labels);

/// Figures without rows are left out.
json::object intent_report_json(const IntentReport& report);

/// Rows are what was expected, columns the answer, the last of both "out of scope" and "no signal".
std::vector<std::vector<std::size_t>> confusion_matrix(std::span<const IntentOutcome> outcomes,
                                                       std::size_t labels_count);

}  // namespace croft
