#include <charconv>
#include <cmath>

#include "base/json.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"
#include "io/quote_foreign.h"
#include "router/confidence/calibrate.h"
#include "router/confidence/calibration_file.h"
#include "router/confidence/reliability_plot.h"
#include "store/clock_text.h"

namespace croft::cli {
namespace {

/// "5%", "5 %" or "0.05".
Result<double> share(const Settings& settings, const char* name) {
  const std::string& text = settings.text(name);
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
      !std::isfinite(value))
    return fail(ErrorCode::InvalidArgument,
                std::string("--") + name + ": " + quote_foreign(text) + " is no share",
                "Write it as 5% or 0.05.", name);
  return percent ? value / 100.0 : value;
}

Result<CalibrationOptions> options_of(const Settings& settings) {
  CalibrationOptions options;
  options.method = settings.text("method") == "crc" ? CalibrationMethod::ConformalRiskControl
                                                    : CalibrationMethod::LearnThenTest;
  options.max_worse = TRY(share(settings, "max-worse"));
  options.confidence = TRY(share(settings, "confidence"));
  options.early_loss = TRY(share(settings, "early-loss"));
  options.fit_share = TRY(share(settings, "fit-share"));
  options.calibrate_share = TRY(share(settings, "calibrate-share"));
  options.decide_at = *find_decision_point(settings.text("decide-at"));
  options.seed = settings.size("split-seed");
  options.isotonic = settings.flag("isotonic");
  options.penalty = settings.real("penalty");
  options.task = settings.text("task");
  for (const std::string& name : settings.list("feature")) {
    const auto feature = find_confidence_feature(name);
    if (!feature)
      return fail(ErrorCode::InvalidArgument, "--feature: unknown feature " + quote_foreign(name),
                  "docs/formats/calibration.md lists the features.", "feature");
    options.features.push_back(*feature);
  }
  return options;
}

/// The option's text where one is given; both must agree where the rows say it too.
Result<void> take_digest(const Settings& settings, const char* name, std::string& of_rows) {
  const std::string& given = settings.text(name);
  if (given.empty()) return {};
  if (!is_digest_text(given))
    return fail(ErrorCode::InvalidArgument,
                std::string("--") + name + ": " + quote_foreign(given) + " is no digest", {}, name);
  if (!of_rows.empty() && of_rows != given)
    return fail(ErrorCode::InvalidArgument,
                std::string("--") + name + " is " + quote_foreign(given) +
                    ", the rows were recorded with " + quote_foreign(of_rows),
                "Leave the option out, or use rows of that model and template.", name);
  of_rows = given;
  return {};
}

Result<void> take_options(const Settings& settings, LabelledAnswers& rows) {
  TRY(take_digest(settings, "model-digest", rows.model_digest));
  TRY(take_digest(settings, "template-hash", rows.template_hash));
  const auto early = static_cast<std::uint32_t>(settings.size("early-tokens"));
  if (early == 0) return {};
  if (rows.early_tokens && *rows.early_tokens != early)
    return fail(ErrorCode::InvalidArgument,
                "--early-tokens is " + std::to_string(early) + ", the rows were recorded with " +
                    std::to_string(*rows.early_tokens),
                "Leave the option out.", "early-tokens");
  rows.early_tokens = early;
  return {};
}

std::string percent(double value) {
  return fixed(100.0 * value, 2) + " %";
}
std::string between(const ShareInterval& ends) {
  return percent(ends.low) + " to " + percent(ends.high);
}

std::string promise_text(const Calibration& made) {
  const std::string worse = made.against_cloud ? "worse than the cloud" : "not acceptable";
  if (made.method == CalibrationMethod::ConformalRiskControl)
    return "of all answers at most " + percent(made.max_worse) + " are local and " + worse +
           ", in expectation";
  return "of the local answers at most " + percent(made.max_worse) + " are " + worse + ", " +
         percent(made.confidence) + " sure";
}

std::string proof_text(const Calibration& made) {
  std::string text = std::to_string(made.proof_served) + " of " +
                     std::to_string(made.rows.calibrate) + " rows served with " +
                     fixed(made.proof_loss_sum, made.kind == LossKind::Binary ? 0 : 2) + " losses";
  if (made.method == CalibrationMethod::LearnThenTest)
    text += ", p = " + fixed(made.proof_p_value, 4);
  return text;
}

std::string escalated_text(const HeldOut& seen) {
  std::string text;
  for (std::size_t point = 0; point < decision_point_count; ++point) {
    if (seen.escalated_at[point] <= 0.0) continue;
    text += (text.empty() ? "" : ", ") + percent(seen.escalated_at[point]) + " at " +
            std::string(decision_point_text(static_cast<DecisionPoint>(point)));
  }
  return text.empty() ? "" : " (" + text + ")";
}

std::string report(const Calibration& made) {
  const HeldOut& seen = made.held_out;
  std::string text = "promise      " + promise_text(made) + "\n";
  text += "rows         " + std::to_string(made.rows.all()) + ": fit " +
          std::to_string(made.rows.fit) + ", calibrate " + std::to_string(made.rows.calibrate) +
          ", test " + std::to_string(made.rows.test) + "\n";
  text += "threshold   ";
  for (std::size_t point = 0; point < decision_point_count; ++point)
    if (made.models[point])
      text += " " + std::string(decision_point_text(static_cast<DecisionPoint>(point))) + " " +
              fixed(made.rule.thresholds[point], 4);
  text += "\nproof        " + proof_text(made) + "\n";
  text += "\nOn the test part, which had no say:\n";
  text += "risk         " + percent(seen.risk) + " of " + std::to_string(seen.served) +
          " served (" + between(seen.risk_interval) + "); all local: " + percent(seen.local_risk) +
          "\n";
  text += "local        " + percent(seen.coverage) + "\n";
  text += "escalated    " + percent(seen.escalation) + " (" + between(seen.escalation_interval) +
          ")" + escalated_text(seen) + "\n";
  text += "score        ECE " + fixed(seen.ece, 4) + ", Brier " + fixed(seen.brier, 4) + ", AUC " +
          (seen.auc ? fixed(*seen.auc, 3) : std::string("unknown: one outcome only")) + "\n";
  if (seen.saved) text += "saved        " + percent(*seen.saved) + " of the cloud's cost\n";
  return text;
}

json::array ends(const ShareInterval& interval) {
  return {interval.low, interval.high};
}

json::object held_out_json(const HeldOut& seen) {
  json::array bins;
  for (const ReliabilityBin& bin : seen.bins)
    bins.push_back(json::object{{"low", bin.low},
                                {"high", bin.high},
                                {"count", bin.count},
                                {"score_mean", bin.score_mean},
                                {"acceptable_mean", bin.acceptable_mean},
                                {"interval", ends(bin.interval)}});
  json::object escalated_at;
  for (std::size_t point = 0; point < decision_point_count; ++point)
    escalated_at[decision_point_text(static_cast<DecisionPoint>(point))] = seen.escalated_at[point];
  return {{"rows", seen.rows},
          {"served", seen.served},
          {"risk", seen.risk},
          {"risk_interval", ends(seen.risk_interval)},
          {"traffic_risk", seen.traffic_risk},
          {"local_risk", seen.local_risk},
          {"coverage", seen.coverage},
          {"escalation", seen.escalation},
          {"escalation_interval", ends(seen.escalation_interval)},
          {"escalated_at", std::move(escalated_at)},
          {"ece", seen.ece},
          {"brier", seen.brier},
          {"auc", seen.auc ? json::value(*seen.auc) : json::value()},
          {"saved", seen.saved ? json::value(*seen.saved) : json::value()},
          {"bins", std::move(bins)}};
}

json::object report_json(const Calibration& made) {
  json::object thresholds, features;
  for (std::size_t point = 0; point < decision_point_count; ++point) {
    if (!made.models[point]) continue;
    const auto name = decision_point_text(static_cast<DecisionPoint>(point));
    thresholds[name] = made.rule.thresholds[point];
    json::array names;
    for (const ConfidenceTerm& term : made.models[point]->terms())
      names.push_back(json::value(json::string(traits(term.feature).name)));
    features[name] = std::move(names);
  }
  const bool ltt = made.method == CalibrationMethod::LearnThenTest;
  return {
      {"method", calibration_method_text(made.method)},
      {"max_worse", made.max_worse},
      {"confidence", made.confidence},
      {"against", made.against_cloud ? "cloud" : "acceptable"},
      {"task", valid_utf8(made.task)},
      {"decide_at", decision_point_text(made.decide_at)},
      {"thresholds", std::move(thresholds)},
      {"features", std::move(features)},
      {"rows", json::object{{"all", made.rows.all()},
                            {"fit", made.rows.fit},
                            {"calibrate", made.rows.calibrate},
                            {"test", made.rows.test}}},
      {"proof", json::object{{"served", made.proof_served},
                             {"losses", made.proof_loss_sum},
                             {"p_value", ltt ? json::value(made.proof_p_value) : json::value()}}},
      {"held_out", held_out_json(made.held_out)},
      {"model_digest", made.model_digest},
      {"template_hash", made.template_hash},
      {"data_digest", made.data_digest},
      {"created", made.created}};
}

}  // namespace

Result<int> route_calibrate_verb(const Settings& settings) {
  const CalibrationOptions options = TRY(options_of(settings));
  if (options.method == CalibrationMethod::ConformalRiskControl &&
      settings.origin("confidence") == Origin::Flag)
    return fail(ErrorCode::InvalidArgument,
                "--method crc keeps its promise in expectation: --confidence cannot be had",
                "Leave out --confidence, or use --method ltt.", "confidence");
  const std::string& file = settings.arguments().front();
  const std::string text = TRY(read_file_or_stdin(file, labelled_bytes_max));
  LabelledAnswers rows = TRY(parse_labelled_answers(text, file == "-" ? "standard input" : file));
  TRY(take_options(settings, rows));
  Calibration made = TRY(calibrate(rows, options));
  made.created = utc_now_text();
  if (const std::string& out = settings.text("out"); !out.empty()) TRY(save_calibration(made, out));
  if (const std::string& plot = settings.text("plot"); !plot.empty())
    TRY(write_file_atomically(plot, reliability_plot(made)));
  if (settings.flag("json"))
    TRY(print_line(json::serialize(report_json(made))));
  else
    TRY(print(report(made)));
  return 0;
}

}  // namespace croft::cli
