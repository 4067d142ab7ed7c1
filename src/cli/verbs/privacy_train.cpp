#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/json.h"
#include "base/limits.h"
#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/digest.h"
#include "router/privacy/names/name_model_file.h"
#include "router/privacy/names/name_trainer.h"
#include "text/utf8.h"

namespace croft::cli {
namespace {

using privacy::NameListFiles;
using privacy::NameScore;

struct TrainingFolder {
  std::string templates;
  NameListFiles lists;
  std::string digest;  ///< of everything in it that counts
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

Result<TrainingFolder> read_folder(const std::filesystem::path& folder) {
  TrainingFolder read;
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (auto each = std::filesystem::directory_iterator(folder, error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error))
    if (each->path().extension() == ".txt") files.push_back(each->path());
  if (error)
    return fail(
        ErrorCode::NotFound, folder.string() + " cannot be read as a folder",
        "Give a folder with templates.txt and lists; data/privacy of Croft's sources is one");
  std::ranges::sort(files);
  std::string all;
  for (const std::filesystem::path& file : files) {
    std::string text = TRY(read_file_or_stdin(file.string(), limits::json_file_bytes_max));
    if (!utf8::is_valid(text))
      return fail(ErrorCode::InvalidArgument, file.string() + " is not UTF-8", "Convert it");
    all += file.filename().string() + '\n' + text;
    if (file.filename() == "templates.txt")
      read.templates = std::move(text);
    else
      read.lists.emplace(file.stem().string(), lines_of(text));
  }
  if (read.templates.empty())
    return fail(ErrorCode::NotFound, folder.string() + " has no templates.txt, or it is empty",
                "docs/privacy.md says how templates are written");
  read.digest = digest_text(xxh3_64(std::as_bytes(std::span(all))));
  return read;
}

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

double rounded(double share) {
  return std::round(share * 1000.0) / 1000.0;
}

json::array scores_json(const std::vector<NameScore>& scores) {
  json::array all;
  for (const NameScore& score : scores)
    all.push_back(json::object{{"type", score.type},
                               {"marked", score.marked},
                               {"precision", rounded(score.precision())},
                               {"recall", rounded(score.recall())}});
  return all;
}

std::string scores_text(const std::vector<NameScore>& scores) {
  std::string text = "On texts of templates that were held out, by whole entities:\n";
  for (const NameScore& score : scores) {
    char line[128];
    std::snprintf(line, sizeof line, "  %-16s %6zu marked, precision %.3f, recall %.3f\n",
                  score.type.c_str(), score.marked, score.precision(), score.recall());
    text += line;
  }
  return text;
}

}  // namespace

Result<int> privacy_train_verb(const Settings& settings) {
  const std::filesystem::path target = settings.text("out");
  TRY(check_target(target));
  const std::filesystem::path folder = settings.arguments().front();
  TrainingFolder read = TRY(read_folder(folder));
  const privacy::TextGrammar grammar = TRY(
      privacy::TextGrammar::parse(read.templates, (folder / "templates.txt").string(), read.lists));
  Interrupts interrupts;
  privacy::NameTrainingOptions options;
  options.texts = settings.size("texts");
  options.bucket_bits = static_cast<std::uint32_t>(settings.integer("bucket-bits"));
  options.outside_penalty = static_cast<std::int16_t>(settings.integer("outside-penalty"));
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  options.stop = interrupts.begin();
  const auto begin = std::chrono::steady_clock::now();
  auto trained = [&] {
    Progress progress("training", Progress::Unit::Count);
    options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      progress.update(done, total);
    };
    return privacy::train_names(read.lists, grammar, options);
  }();
  if (!trained && trained.error().code == ErrorCode::Cancelled) return exit_interrupted;
  if (!trained) return std::unexpected(std::move(trained).error());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  trained->data.report = {{"folder_xxh3", read.digest},
                          {"templates", grammar.templates_count()},
                          {"texts", options.texts},
                          {"seed", options.seed},
                          {"held_out", scores_json(trained->held_out)}};
  TRY(privacy::save_name_model(trained->data, target));
  if (settings.flag("json")) {
    json::object document = trained->data.report;
    document["seconds"] = rounded(seconds.count());
    TRY(print_line(json::serialize(document)));
    return 0;
  }
  TRY(print(scores_text(trained->held_out)));
  return 0;
}

}  // namespace croft::cli
