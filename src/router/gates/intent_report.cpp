#include "router/gates/intent_report.h"

#include <algorithm>
#include <map>
#include <utility>

namespace croft {
namespace {

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct Counts {
  std::size_t rows = 0;
  std::size_t answers = 0;
  std::size_t right = 0;
};

std::string name_of(std::uint32_t label, std::span<const std::string> labels) {
  return label == no_intent ? std::string() : labels[label];
}

void add_labels(std::span<const Counts> counts, std::span<const std::string> labels,
                IntentReport& report) {
  double sum = 0.0;
  std::size_t with_rows = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Counts& here = counts[i];
    report.labels.push_back({.label = labels[i],
                             .rows = here.rows,
                             .precision = share(here.right, here.answers),
                             .recall = share(here.right, here.rows),
                             .f1 = share(2 * here.right, here.rows + here.answers)});
    if (here.rows == 0) continue;
    ++with_rows;
    sum += report.labels.back().f1;
  }
  report.macro_f1 = with_rows == 0 ? 0.0 : sum / static_cast<double>(with_rows);
}

}  // namespace

IntentReport make_intent_report(std::span<const IntentOutcome> outcomes,
                                std::span<const std::string> labels) {
  std::vector<Counts> counts(labels.size());
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> wrong;
  IntentReport report;
  report.rows = outcomes.size();
  std::size_t right = 0;
  std::size_t right_in_scope = 0;
  std::size_t right_unrejected = 0;
  std::size_t kept = 0;
  for (const IntentOutcome& outcome : outcomes) {
    const bool in_scope = outcome.expected != no_intent;
    const bool is_right = outcome.expected == outcome.answer;
    right += is_right ? 1u : 0u;
    if (!is_right) ++wrong[{outcome.expected, outcome.answer}];
    if (outcome.answer != no_intent) ++counts[outcome.answer].answers;
    if (!in_scope) continue;
    ++report.in_scope_rows;
    ++counts[outcome.expected].rows;
    counts[outcome.expected].right += is_right ? 1u : 0u;
    right_in_scope += is_right ? 1u : 0u;
    right_unrejected += outcome.best == outcome.expected ? 1u : 0u;
    kept += outcome.answer != no_intent ? 1u : 0u;
  }
  report.out_of_scope_rows = report.rows - report.in_scope_rows;
  report.accuracy = share(right, report.rows);
  report.in_scope_accuracy = share(right_in_scope, report.in_scope_rows);
  report.accuracy_unrejected = share(right_unrejected, report.in_scope_rows);
  report.in_scope_kept = share(kept, report.in_scope_rows);
  report.out_of_scope_recall = share(right - right_in_scope, report.out_of_scope_rows);
  add_labels(counts, labels, report);
  for (const auto& [pair, rows] : wrong)
    report.confusions.push_back({.expected = name_of(pair.first, labels),
                                 .answer = name_of(pair.second, labels),
                                 .rows = rows});
  std::ranges::sort(report.confusions, [](const IntentConfusion& a, const IntentConfusion& b) {
    return std::tie(b.rows, a.expected, a.answer) < std::tie(a.rows, b.expected, b.answer);
  });
  return report;
}

json::object intent_report_json(const IntentReport& report) {
  json::object out{{"rows", report.rows},
                   {"in_scope_rows", report.in_scope_rows},
                   {"out_of_scope_rows", report.out_of_scope_rows},
                   {"accuracy", report.accuracy}};
  if (report.in_scope_rows != 0) {
    out["in_scope_accuracy"] = report.in_scope_accuracy;
    out["accuracy_unrejected"] = report.accuracy_unrejected;
    out["in_scope_kept"] = report.in_scope_kept;
    out["macro_f1"] = report.macro_f1;
  }
  if (report.out_of_scope_rows != 0) out["out_of_scope_recall"] = report.out_of_scope_recall;
  json::array labels;
  for (const IntentLabelReport& label : report.labels)
    labels.push_back(json::object{{"label", label.label},
                                  {"rows", label.rows},
                                  {"precision", label.precision},
                                  {"recall", label.recall},
                                  {"f1", label.f1}});
  out["labels"] = std::move(labels);
  const auto name = [](const std::string& label) {
    return label.empty() ? json::value(nullptr) : json::value(label);
  };
  json::array confusions;
  for (const IntentConfusion& confusion : report.confusions)
    confusions.push_back(json::object{{"expected", name(confusion.expected)},
                                      {"answer", name(confusion.answer)},
                                      {"rows", confusion.rows}});
  out["confusions"] = std::move(confusions);
  return out;
}

std::vector<std::vector<std::size_t>> confusion_matrix(std::span<const IntentOutcome> outcomes,
                                                       std::size_t labels_count) {
  std::vector<std::vector<std::size_t>> matrix(labels_count + 1,
                                               std::vector<std::size_t>(labels_count + 1));
  for (const IntentOutcome& outcome : outcomes)
    ++matrix[std::min<std::size_t>(outcome.expected, labels_count)]
            [std::min<std::size_t>(outcome.answer, labels_count)];
  return matrix;
}

}  // namespace croft
