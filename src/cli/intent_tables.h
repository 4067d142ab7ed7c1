#pragma once
/// How `croft route train` and `croft route evaluate` print an intent report.

#include <span>
#include <string>

#include "router/gates/intent_report.h"

namespace croft::cli {

/// Figures, the labels with the lowest F1, the most confused pairs, and for few labels the matrix.
[[nodiscard]] std::string intent_report_text(const IntentReport& report,
                                             std::span<const IntentOutcome> outcomes,
                                             std::span<const std::string> labels);

/// The matrix with the names of its rows and columns.
[[nodiscard]] json::object confusion_matrix_json(std::span<const IntentOutcome> outcomes,
                                                 std::span<const std::string> labels);

}  // namespace croft::cli
