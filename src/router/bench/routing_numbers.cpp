#include "router/bench/routing_numbers.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "router/bench/prompt_scores.h"
#include "router/bench/read_input.h"
#include "router/bench/routellm_columns.h"

namespace croft {
namespace {

constexpr std::size_t sweep_steps = 10;
constexpr std::size_t grid_points_max = 300;

class RoutingBench {
 public:
  RoutingBench(const RoutingBenchOptions& options, const RoutingBenchProgress& progress,
               std::stop_token stop)
      : options_(options), progress_(progress), stop_(std::move(stop)) {}

  Result<RoutingNumbers> run() {
    TRY(read_files());
    // Two published sets, then the pairs, then the mixes.
    const auto pairs = pairs_to_do();
    steps_ = 2 + pairs.size() + locals_.size();
    TRY(published("MMLU", read_routellm_mmlu(options_.data / "routellm")));
    TRY(published("GSM8K", read_routellm_gsm8k(options_.data / "routellm")));
    for (const auto& [local, cloud] : pairs) TRY(pair(*local, *cloud));
    for (const std::string& local : locals_) TRY(mix(local));
    return std::move(out_);
  }

 private:
  using FilePair = std::pair<const RecordedFile*, const RecordedFile*>;

  Result<void> step() {
    if (stop_.stop_requested()) return fail(ErrorCode::Cancelled, "stopped");
    ++done_;
    if (progress_) progress_(done_, steps_);
    return {};
  }

  Result<void> read_files() {
    std::vector<std::filesystem::path> paths = TRY(input_files(options_.recorded, ".jsonl.gz"));
    for (auto& plain : TRY(input_files(options_.recorded, ".jsonl")))
      paths.push_back(std::move(plain));
    for (const auto& path : paths) {
      const std::string text = TRY(read_input(path));
      RecordedFile file = TRY(parse_recorded(text, path.string()));
      const auto key = std::pair(file.task, file.model);
      if (files_.contains(key))
        return fail(ErrorCode::InvalidArgument,
                    path.string() + " holds " + file.model + " on " + file.task +
                        ", which another file of the folder holds too",
                    "Keep one file for each task and model.");
      files_.emplace(key, std::move(file));
    }
    if (files_.empty())
      out_.skipped.push_back("our own corpus: no recorded files in " + options_.recorded.string());
    return {};
  }

  std::vector<FilePair> pairs_to_do() {
    std::vector<FilePair> out;
    for (const auto& [key, file] : files_) {
      if (file.model == options_.cloud) continue;
      const auto cloud = files_.find({file.task, options_.cloud});
      if (cloud == files_.end()) {
        out_.skipped.push_back(file.task + ", " + file.model + ": " + options_.cloud +
                               " has no recording of this task");
        continue;
      }
      out.emplace_back(&file, &cloud->second);
      if (std::ranges::find(locals_, file.model) == locals_.end()) locals_.push_back(file.model);
    }
    std::ranges::sort(locals_);
    return out;
  }

  Result<void> published(const std::string& name, Result<std::optional<RouteLlmSet>> read) {
    const auto set = TRY(std::move(read));
    if (!set) {
      out_.skipped.push_back("RouteLLM's " + name + ": no outcome columns below " +
                             (options_.data / "routellm").string());
      return step();
    }
    const FigureOptions figures{.resamples = options_.corpus.resamples,
                                .seed = options_.corpus.seed};
    const OutcomePairs& pairs = set->pairs;
    PublishedReport report{
        .name = name, .files = set->files, .accuracy = pair_accuracy(pairs), .routers = {}};
    report.routers.push_back(TRY(random_figures(pairs, figures)));
    const ExpectedOutcomes scores = TRY(score_prompts(pairs, {.folds = options_.corpus.folds,
                                                              .seed = options_.corpus.seed,
                                                              .threads = options_.corpus.threads}));
    report.routers.push_back(TRY(router_figures("prompt only, by P(weak is right)", "prompt_weak",
                                                scores.weak, scores.weak, pairs, figures)));
    report.routers.push_back(TRY(router_figures("prompt only, by expected benefit", "prompt",
                                                scores.staying(), scores.weak, pairs, figures)));
    report.routers.push_back(TRY(oracle_figures(pairs, figures)));
    out_.published.push_back(std::move(report));
    return step();
  }

  Result<const PromptsById*> prompts_of(const std::string& task) {
    const auto known = prompts_.find(task);
    if (known == prompts_.end()) {
      auto read = options_.data.empty() ? std::optional<PromptsById>()
                                        : TRY(read_recorded_prompts(task, options_.data));
      const auto added = prompts_.emplace(task, std::move(read)).first;
      return added->second ? &*added->second : nullptr;
    }
    return known->second ? &*known->second : nullptr;
  }

  Result<void> pair(const RecordedFile& local, const RecordedFile& cloud) {
    const PromptsById* prompts = TRY(prompts_of(local.task));
    auto report = bench_pair(local, cloud, prompts, options_.corpus);
    if (report)
      out_.pairs.push_back(std::move(*report));
    else if (report.error().code == ErrorCode::Unproven)
      out_.skipped.push_back(report.error().message);
    else
      return std::unexpected(std::move(report).error());
    return step();
  }

  const PairReport* find_pair(const std::string& task, const std::string& local) const {
    for (const PairReport& pair : out_.pairs)
      if (pair.task == task && pair.local == local && !pair.staying.empty()) return &pair;
    return nullptr;
  }

  Result<void> mix(const std::string& local) {
    MixReport report;
    report.local = local;
    std::vector<MixTask> tasks, by_prompt;
    double all = 0.0;
    for (const auto& [task, weight] : options_.mix) {
      all += weight;
      const PairReport* pair = find_pair(task, local);
      if (pair == nullptr) {
        report.without_data.push_back(task);
        report.weight_without_data += weight;
        continue;
      }
      tasks.push_back({task, pair->weak, pair->strong, pair->staying, pair->cloud_cost,
                       pair->local_cost, pair->folds});
      if (!pair->prompt_staying.empty()) {
        by_prompt.push_back(tasks.back());
        by_prompt.back().staying = pair->prompt_staying;
        // Who escalates by the prompt alone has not tried the local answer; it is counted all the
        // same, and costs nothing unless a local price is given.
      }
      report.tasks.push_back(task);
      report.weights.push_back(weight);
    }
    const double sum = std::accumulate(report.weights.begin(), report.weights.end(), 0.0);
    if (!(sum > 0.0)) {
      out_.skipped.push_back("mix, " + local + ": no task of the mix has figures");
      return step();
    }
    for (double& weight : report.weights) weight /= sum;
    report.weight_without_data /= all;
    TRY(fill_mix(tasks, by_prompt, report));
    out_.mixes.push_back(std::move(report));
    return step();
  }

  Result<void> fill_mix(const std::vector<MixTask>& tasks, const std::vector<MixTask>& by_prompt,
                        MixReport& report) const {
    MixOptions settings{.max_loss = options_.max_loss,
                        .folds = options_.corpus.folds,
                        .resamples = options_.corpus.resamples,
                        .seed = options_.corpus.seed};
    report.confidence = TRY(mix_figures(tasks, report.weights, settings));
    if (by_prompt.size() == tasks.size())
      report.prompt = TRY(mix_figures(by_prompt, report.weights, settings));
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      std::vector<double> only(tasks.size(), 0.0);
      only[t] = 1.0;
      report.alone.push_back(TRY(mix_figures(tasks, only, settings)));
      if (report.alone[t].local.value < report.alone[report.hardest].local.value)
        report.hardest = t;
    }
    if (tasks.size() < 2) return {};
    settings.resamples = options_.sweep_resamples;
    for (std::size_t s = 0; s <= sweep_steps; ++s) {
      const double share = static_cast<double>(s) / sweep_steps;
      const double others = 1.0 - report.weights[report.hardest];
      std::vector<double> weights(tasks.size());
      for (std::size_t t = 0; t < tasks.size(); ++t)
        weights[t] = t == report.hardest ? share
                     : others > 0.0      ? (1.0 - share) * report.weights[t] / others
                                         : (1.0 - share) / static_cast<double>(tasks.size() - 1);
      MixPoint point{weights, TRY(mix_figures(tasks, weights, settings))};
      report.sweep.push_back(std::move(point));
    }
    std::size_t steps = sweep_steps;
    while (steps > 1 && mix_grid(tasks.size(), steps).size() > grid_points_max) --steps;
    for (auto& weights : mix_grid(tasks.size(), steps)) {
      MixPoint point{weights, TRY(mix_figures(tasks, weights, settings))};
      report.grid.push_back(std::move(point));
    }
    return {};
  }

  const RoutingBenchOptions& options_;
  const RoutingBenchProgress& progress_;
  std::stop_token stop_;
  std::map<std::pair<std::string, std::string>, RecordedFile> files_;
  std::map<std::string, std::optional<PromptsById>> prompts_;
  std::vector<std::string> locals_;
  std::size_t done_ = 0, steps_ = 0;
  RoutingNumbers out_;
};

}  // namespace

Result<RoutingNumbers> measure_routing(const RoutingBenchOptions& options,
                                       const RoutingBenchProgress& progress, std::stop_token stop) {
  return RoutingBench(options, progress, std::move(stop)).run();
}

}  // namespace croft
