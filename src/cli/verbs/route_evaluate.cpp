#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "cli/intent_tables.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/gates/intent_model.h"
#include "router/gates/intent_rows.h"

namespace croft::cli {
namespace {

struct Judged {
  std::vector<IntentOutcome> outcomes;
  std::vector<std::string> labels;   ///< of the model, then those only the data have
  std::vector<double> microseconds;  ///< one a row, ascending
};

Judged judge(const IntentModel& model, const IntentRows& rows) {
  Judged judged{.outcomes = {}, .labels = model.labels(), .microseconds = {}};
  std::unordered_map<std::string, std::uint32_t> number_of;
  for (const std::string& label : judged.labels)
    number_of.emplace(label, static_cast<std::uint32_t>(number_of.size()));
  for (const IntentRow& row : rows.rows)
    if (!row.label.empty() &&
        number_of.emplace(row.label, static_cast<std::uint32_t>(number_of.size())).second)
      judged.labels.push_back(row.label);
  const auto number = [&](std::string_view label) {
    return label.empty() ? no_intent : number_of.at(std::string(label));
  };
  IntentScratch scratch;
  static_cast<void>(model.decide("warm", scratch));
  for (const IntentRow& row : rows.rows) {
    const auto begin = std::chrono::steady_clock::now();
    const IntentDecision decision = model.decide(row.text, scratch);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    judged.microseconds.push_back(took.count());
    judged.outcomes.push_back({.expected = number(row.label),
                               .best = number(decision.best),
                               .answer = number(decision.label),
                               .confidence = decision.confidence});
  }
  std::ranges::sort(judged.microseconds);
  return judged;
}

double percentile(const std::vector<double>& ascending, std::size_t of_hundred) {
  return ascending[std::min(ascending.size() * of_hundred / 100, ascending.size() - 1)];
}

}  // namespace

Result<int> route_evaluate_verb(const Settings& settings) {
  const IntentModel model = TRY(IntentModel::load(settings.arguments().front()));
  const IntentRows rows = TRY(read_intent_rows(settings.arguments().back()));
  for (const std::string& warning : rows.warnings) note("warning: " + warning);
  if (rows.rows.empty())
    return fail(ErrorCode::InvalidArgument, settings.arguments().back() + " has no rows",
                R"(Write one object a line: {"text": "...", "label": "..."})");
  const Judged judged = judge(model, rows);
  const std::size_t unknown = judged.labels.size() - model.labels().size();
  if (unknown != 0)
    note("warning: " + std::to_string(unknown) +
         " labels of the data are none of the model's; their rows cannot be answered right");
  const IntentReport report = make_intent_report(judged.outcomes, judged.labels);
  const double median = percentile(judged.microseconds, 50);
  const double p99 = percentile(judged.microseconds, 99);
  if (settings.flag("json")) {
    json::object document = intent_report_json(report);
    document["microseconds_per_decision"] = median;
    document["microseconds_p99"] = p99;
    document["unknown_labels"] = unknown;
    document["confusion_matrix"] = confusion_matrix_json(judged.outcomes, judged.labels);
    TRY(print_line(json::serialize(document)));
    return 0;
  }
  TRY(print(intent_report_text(report, judged.outcomes, judged.labels) + "\n" + fixed(median, 1) +
            " microseconds a decision, " + fixed(p99, 1) + " at the 99th percentile\n"));
  return 0;
}

}  // namespace croft::cli
