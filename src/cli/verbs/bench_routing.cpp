#include <charconv>
#include <cmath>
#include <filesystem>

#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"
#include "io/quote_foreign.h"
#include "router/bench/routing_page.h"

namespace croft::cli {
namespace {

namespace fs = std::filesystem;

/// Support intents, extraction, short summaries, hard questions.
std::vector<MixShare> default_mix() {
  return {{"banking77", 45}, {"sroie", 30}, {"summaries", 15}, {"gsm8k", 10}};
}

Result<std::vector<MixShare>> mix_of(const std::vector<std::string>& texts) {
  if (texts.empty()) return default_mix();
  std::vector<MixShare> out;
  double sum = 0.0;
  for (const std::string& text : texts) {
    const std::size_t equals = text.rfind('=');
    const std::string_view digits = equals == std::string::npos
                                        ? std::string_view()
                                        : std::string_view(text).substr(equals + 1);
    double weight = 0.0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
    if (equals == std::string::npos || equals == 0 || digits.empty() || error != std::errc() ||
        end != digits.data() + digits.size() || !(weight >= 0.0 && weight <= 1e6))
      return fail(ErrorCode::InvalidArgument, "--mix: " + quote_foreign(text) + " is no share",
                  "Write TASK=WEIGHT, such as gsm8k=10, with a weight from 0 to 1000000.", "mix");
    std::string task = text.substr(0, equals);
    for (const MixShare& known : out)
      if (known.task == task)
        return fail(ErrorCode::InvalidArgument, "--mix: " + quote_foreign(task) + " is there twice",
                    "Give each task once.", "mix");
    out.push_back({std::move(task), weight});
    sum += weight;
  }
  if (!(sum > 0.0))
    return fail(ErrorCode::InvalidArgument, "--mix: all weights are 0",
                "Give at least one task a weight.", "mix");
  return out;
}

Result<RoutingBenchOptions> options_of(const Settings& settings) {
  RoutingBenchOptions options;
  options.data = settings.text("data");
  options.recorded = settings.text("recorded");
  options.cloud = settings.text("cloud");
  options.mix = TRY(mix_of(settings.list("mix")));
  CorpusOptions& corpus = options.corpus;
  corpus.folds = static_cast<std::uint32_t>(settings.size("folds"));
  corpus.seed = settings.size("seed");
  corpus.resamples = settings.size("resamples");
  corpus.early_tokens = static_cast<std::uint32_t>(settings.size("early-tokens"));
  corpus.threads = settings.size("threads");
  corpus.cloud_prices = {.in = settings.real("price-in"), .out = settings.real("price-out")};
  corpus.local_prices = {.in = settings.real("price-local"), .out = settings.real("price-local")};
  if (corpus.cloud_prices.in == 0.0 && corpus.cloud_prices.out == 0.0)
    return fail(ErrorCode::InvalidArgument, "--price-in and --price-out are both 0",
                "A cloud that costs nothing cannot be saved on: give a price.", "price-in");
  return options;
}

/// Folders are checked before minutes of work, not after.
Result<void> must_be_folder(const Settings& settings, const char* name) {
  const std::string& path = settings.text(name);
  std::error_code ignored;
  if (path.empty() || fs::is_directory(path, ignored)) return {};
  return fail(ErrorCode::NotFound, std::string("--") + name + ": there is no folder " + path,
              "Make it, or leave the option out.", name);
}

/// How a page at `out` reaches the plots; empty where there are none.
std::string plots_link(const std::string& out, const std::string& plots) {
  if (plots.empty()) return {};
  const fs::path from = fs::absolute(out.empty() ? fs::path("page.md") : fs::path(out));
  const std::string link = (fs::absolute(plots).lexically_normal() / "")
                               .lexically_relative(from.lexically_normal().parent_path())
                               .string();
  return link == "." ? "./" : link;  // the page's own folder comes without its slash
}

Result<void> write_files(const Settings& settings, const RoutingNumbers& numbers) {
  std::size_t written = 0;
  if (const fs::path folder = settings.text("plots"); !folder.empty())
    for (const NamedPlot& plot : routing_plots(numbers)) {
      TRY(write_file_atomically(folder / plot.file, plot.svg));
      ++written;
    }
  if (const fs::path folder = settings.text("rows"); !folder.empty())
    for (const PairReport& pair : numbers.pairs) {
      const std::string name = routing_file_name(pair.task + "-" + pair.local, ".jsonl");
      TRY(write_file_atomically(folder / name, pair.rows_text));
      ++written;
    }
  if (written != 0) note("wrote " + std::to_string(written) + " plots and files of rows");
  return {};
}

}  // namespace

Result<int> route_bench_verb(const Settings& settings) {
  const RoutingBenchOptions options = TRY(options_of(settings));
  for (const char* name : {"data", "plots", "rows"}) TRY(must_be_folder(settings, name));
  Interrupts interrupts;
  auto numbers = [&] {
    Progress progress("routing", Progress::Unit::Count);
    return measure_routing(
        options, [&](std::size_t done, std::size_t total) { progress.update(done, total); },
        interrupts.begin());
  }();
  if (!numbers && numbers.error().code == ErrorCode::Cancelled) return exit_interrupted;
  if (!numbers) return std::unexpected(std::move(numbers).error());
  for (const std::string& reason : numbers->skipped) note("skipped " + escape_controls(reason));
  if (numbers->published.empty() && numbers->pairs.empty())
    return fail(ErrorCode::NotFound,
                "there is nothing to measure: neither --data nor --recorded "
                "has outcomes that can be used",
                "--data needs routellm/, --recorded files of bench/router/record.py.");
  TRY(write_files(settings, *numbers));
  const std::string& out = settings.text("out");
  const std::string page = routing_page(*numbers, options, plots_link(out, settings.text("plots")));
  if (!out.empty()) TRY(write_file_atomically(out, page));
  if (settings.flag("json"))
    TRY(print_line(json::serialize(routing_json(*numbers, options))));
  else if (out.empty())
    TRY(print(for_stdout(page)));
  else
    note("wrote " + out);
  return 0;
}

}  // namespace croft::cli
