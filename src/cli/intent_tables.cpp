#include "cli/intent_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace croft::cli {
namespace {

constexpr std::size_t lines_max = 10;
/// A wider matrix fits no screen; --json has it whole.
constexpr std::size_t matrix_labels_max = 12;

std::string shown(const std::string& label, std::string_view empty) {
  return label.empty() ? std::string(empty) : for_stdout(label);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

std::string figures(const IntentReport& report) {
  std::string out =
      fmt::format("accuracy               {:>7}  {} rows\n", percent(report.accuracy), report.rows);
  if (report.in_scope_rows != 0)
    out += fmt::format(
        "  in scope             {:>7}  right and not rejected, {} rows\n"
        "  without threshold    {:>7}\n"
        "  macro F1             {:>7}\n",
        percent(report.in_scope_accuracy), report.in_scope_rows,
        percent(report.accuracy_unrejected), percent(report.macro_f1));
  if (report.out_of_scope_rows != 0)
    out += fmt::format("  out of scope         {:>7}  answered with no signal, {} rows\n",
                       percent(report.out_of_scope_recall), report.out_of_scope_rows);
  return out;
}

std::string weakest_labels(const IntentReport& report) {
  std::vector<const IntentLabelReport*> order;
  for (const IntentLabelReport& label : report.labels)
    if (label.rows != 0) order.push_back(&label);
  std::ranges::sort(order, [](const auto* a, const auto* b) {
    return std::pair(a->f1, std::string_view(a->label)) <
           std::pair(b->f1, std::string_view(b->label));
  });
  const std::size_t count = std::min(lines_max, order.size());
  std::string out = fmt::format("\n{:>9} {:>9} {:>9}  label, {}\n", "precision", "recall", "rows",
                                count == order.size() ? "all" : "the weakest");
  for (std::size_t i = 0; i < count; ++i)
    out += fmt::format("{:>9} {:>9} {:>9}  {}\n", percent(order[i]->precision),
                       percent(order[i]->recall), order[i]->rows, for_stdout(order[i]->label));
  return out;
}

std::string confused_pairs(const IntentReport& report) {
  if (report.confusions.empty()) return {};
  std::string out = "\n     rows  expected -> answered, the most frequent\n";
  for (std::size_t i = 0; i < std::min(lines_max, report.confusions.size()); ++i) {
    const IntentConfusion& pair = report.confusions[i];
    out += fmt::format("{:>9}  {} -> {}\n", pair.rows, shown(pair.expected, "(out of scope)"),
                       shown(pair.answer, "(no signal)"));
  }
  return out;
}

std::string matrix_text(std::span<const IntentOutcome> outcomes,
                        std::span<const std::string> labels) {
  const auto matrix = confusion_matrix(outcomes, labels.size());
  std::string out = "\nrows: expected; columns: answered, in the same order, then no signal\n";
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    for (const std::size_t count : matrix[i]) out += fmt::format("{:>7}", count);
    out += "  " + (i < labels.size() ? for_stdout(labels[i]) : "(out of scope)") + "\n";
  }
  return out;
}

}  // namespace

std::string intent_report_text(const IntentReport& report, std::span<const IntentOutcome> outcomes,
                               std::span<const std::string> labels) {
  std::string out = figures(report) + weakest_labels(report) + confused_pairs(report);
  if (labels.size() <= matrix_labels_max) out += matrix_text(outcomes, labels);
  return out;
}

json::object confusion_matrix_json(std::span<const IntentOutcome> outcomes,
                                   std::span<const std::string> labels) {
  json::array expected;
  for (const std::string& label : labels) expected.emplace_back(label);
  json::array answers = expected;
  expected.emplace_back(nullptr);
  answers.emplace_back(nullptr);
  json::array rows;
  for (const auto& row : confusion_matrix(outcomes, labels.size()))
    rows.push_back(json::array(row.begin(), row.end()));
  return {{"expected", std::move(expected)},
          {"answers", std::move(answers)},
          {"rows", std::move(rows)}};
}

}  // namespace croft::cli
