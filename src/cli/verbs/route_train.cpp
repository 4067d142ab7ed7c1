#include <chrono>
#include <filesystem>

#include "base/json.h"
#include "cli/intent_tables.h"
#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "router/gates/intent_model_file.h"
#include "router/gates/intent_trainer.h"

namespace croft::cli {
namespace {

json::object calibration_json(const IntentCalibration& calibration) {
  return {{"confidence_min", calibration.confidence_min},
          {"slope", calibration.slope},
          {"offset", calibration.offset}};
}

/// What the model file says about how it was made. No time of day: the same rows and seed give the
/// same file.
json::object provenance(const Settings& settings, const IntentRows& rows,
                        const IntentReport& report) {
  json::object held_out = intent_report_json(report);
  held_out.erase("confusions");  // may be as long as the data
  return {{"data_xxh3", rows.digest},
          {"seed", settings.integer("seed")},
          {"folds", settings.integer("folds")},
          {"in_scope_kept", settings.real("in-scope-kept")},
          {"held_out", std::move(held_out)}};
}

/// A folder that is not there is better known before a minute of training.
Result<void> check_target(const std::filesystem::path& target) {
  const auto folder = target.has_parent_path() ? target.parent_path() : ".";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(ErrorCode::NotFound, "there is no folder " + folder.string(),
                "Make it, or give another --out", "out");
  if (std::filesystem::is_directory(target, ignored))
    return fail(ErrorCode::InvalidArgument, target.string() + " is a folder",
                "Give the name of a file to --out", "out");
  return {};
}

}  // namespace

Result<int> route_train_verb(const Settings& settings) {
  const std::filesystem::path target = settings.text("out");
  TRY(check_target(target));
  const IntentRows rows = TRY(read_intent_rows(settings.arguments().front()));
  for (const std::string& warning : rows.warnings) note("warning: " + warning);
  Interrupts interrupts;
  IntentTrainingOptions options;
  options.folds = settings.size("folds");
  options.in_scope_kept = settings.real("in-scope-kept");
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  options.threads = settings.size("threads");
  options.stop = interrupts.begin();
  const auto begin = std::chrono::steady_clock::now();
  auto trained = [&] {
    Progress progress("training", Progress::Unit::Count);
    options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      progress.update(done, total);
    };
    return train_intents(rows, options);
  }();
  if (!trained && trained.error().code == ErrorCode::Cancelled) return exit_interrupted;
  if (!trained) return std::unexpected(std::move(trained).error());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  for (const std::string& warning : trained->warnings) note("warning: " + warning);

  IntentModelData& data = trained->data;
  data.report = provenance(settings, rows, trained->report);
  TRY(save_intent_model(data, target));
  if (settings.flag("json")) {
    json::object document = intent_report_json(trained->report);
    document["confusion_matrix"] = confusion_matrix_json(trained->held_out, data.labels);
    document["calibration"] = calibration_json(data.calibration);
    document["features"] = data.idfs.size();
    document["path"] = valid_utf8(target.string());
    document["bytes"] = std::filesystem::file_size(target);
    document["seconds"] = seconds.count();
    TRY(print_line(json::serialize(document)));
    return 0;
  }
  TRY(print("Held-out rows, " + std::to_string(options.folds) + " folds\n" +
            intent_report_text(trained->report, trained->held_out, data.labels)));
  note("wrote " + target.string() + ": " + std::to_string(data.labels.size()) + " labels, " +
       std::to_string(data.idfs.size()) + " features, " +
       human_bytes(static_cast<double>(std::filesystem::file_size(target))) + ", threshold " +
       fixed(static_cast<double>(data.calibration.confidence_min), 3) + "; " +
       duration_text(seconds.count()));
  return 0;
}

}  // namespace croft::cli
