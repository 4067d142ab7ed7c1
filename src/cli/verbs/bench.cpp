#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/cpu.h"
#include "base/json.h"
#include "cli/bench_limits.h"
#include "cli/bench_sample.h"
#include "cli/build_info.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

/// One line of the result: prompts of n_prompt tokens, or answers of n_gen.
struct Test : TestSize {
  std::vector<double> samples_ns;
  Work work;
  Speeds speeds;  ///< measured right before
};

struct Summary {
  double mean = 0.0;
  double deviation = 0.0;  ///< of a sample: divided by n - 1
};

Summary summarize(const std::vector<double>& samples) {
  const auto count = static_cast<double>(samples.size());
  Summary out;
  out.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  double squares = 0.0;
  for (const double sample : samples) squares += (sample - out.mean) * (sample - out.mean);
  out.deviation = samples.size() > 1 ? std::sqrt(squares / (count - 1)) : 0.0;
  return out;
}

Result<void> measure(Engine& engine, std::size_t repetitions, Test& test) {
  std::mt19937 random(20261121);  // fixed: every run of `bench` computes the same tokens
  const std::string what = test.n_gen == 0 ? "prompt" : "generation";
  Progress progress(what, Progress::Unit::Count);
  for (std::size_t i = 0; i <= repetitions; ++i) {
    const double ns = TRY(sample_ns(engine, test, random));
    // The first run warms the caches and pages the weights in.
    if (i > 0) test.samples_ns.push_back(ns);
    progress.update(i, repetitions);
  }
  return {};
}

json::object test_json(const Test& test, const Engine& engine, const Settings& settings,
                       const std::filesystem::path& path) {
  const ModelInfo& info = engine.model().info();
  std::vector<double> rates;
  for (const double ns : test.samples_ns)
    rates.push_back(static_cast<double>(tokens_of(test)) * 1e9 / ns);
  const Summary time = summarize(test.samples_ns);
  const Summary rate = summarize(rates);
  const Limit limit = limit_of(test.work, test.speeds, time.mean / 1e9);
  json::array samples_ns;
  for (const double ns : test.samples_ns) samples_ns.emplace_back(std::llround(ns));
  return {{"build", version_text()},
          {"build_commit", commit_text()},
          {"cpu_info", cpu_model_name()},
          {"isa", isa_name(engine.isa())},
          {"model_filename", path.string()},
          {"model_type", info.architecture + " " +
                             human_count(static_cast<double>(info.parameters_count)) + " " +
                             info.quantization},
          {"model_size", info.file_bytes},
          {"model_n_params", info.parameters_count},
          {"n_threads", engine.options().threads},
          {"type_k", settings.text("kv-type")},
          {"type_v", settings.text("kv-type")},
          {"n_prompt", test.n_prompt},
          {"n_gen", test.n_gen},
          {"n_depth", test.n_depth},
          {"n_seqs", test.seqs},
          {"avg_ns", std::llround(time.mean)},
          {"stddev_ns", std::llround(time.deviation)},
          {"avg_ts", rate.mean},
          {"stddev_ts", rate.deviation},
          {"samples_ns", std::move(samples_ns)},
          {"samples_ts", json::array(rates.begin(), rates.end())},
          {"operations", test.work.operations},
          {"bytes_read", test.work.bytes},
          {"read_bandwidth_gbs", test.speeds.gbs},
          {"limit", limit.name},
          {"fraction_of_limit", limit.fraction}};
}

std::string test_text(const json::object& row) {
  const bool is_prompt = row.at("n_prompt").to_number<std::size_t>() != 0;
  const auto count = row.at(is_prompt ? "n_prompt" : "n_gen").to_number<std::size_t>();
  return (is_prompt ? "prompt     " : "generation ") + std::to_string(count) + " tokens x " +
         std::to_string(row.at("n_seqs").to_number<std::size_t>()) + ": " +
         fixed(row.at("avg_ts").to_number<double>(), 2) + " tokens/s +- " +
         fixed(row.at("stddev_ts").to_number<double>(), 2) + ", " +
         fixed(row.at("fraction_of_limit").to_number<double>() * 100, 1) + " % of the " +
         json::value_to<std::string>(row.at("limit")) + "\n";
}

}  // namespace

Result<int> bench_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.text("model")));
  std::vector<Test> tests;
  const std::size_t n_prompt = settings.size("prompt-tokens");
  const std::size_t n_gen = settings.size("generate-tokens");
  const std::size_t n_depth = settings.size("depth");
  const std::size_t seqs = settings.size("seqs");
  if (n_prompt != 0) tests.push_back({{.n_prompt = n_prompt, .seqs = seqs}, {}, {}, {}});
  if (n_gen != 0) tests.push_back({{.n_gen = n_gen, .n_depth = n_depth, .seqs = seqs}, {}, {}, {}});
  const std::unique_ptr<Engine> engine =
      TRY(open_engine(settings, path,
                      {.context = std::max(n_prompt, n_depth + n_gen + 1),
                       .parallel = seqs,
                       // Every token is computed, and alone: what llama-bench measures too.
                       .prefix_cache = false,
                       .prompt_lookup = false,
                       .queue_max = seqs + 1}));
  if (engine->model().decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                path.string() + " is an embedding model: it generates nothing",
                "Use a text generator.");
  MachineLimits machine = TRY(MachineLimits::measure(*engine));
  json::array rows;
  for (Test& test : tests) {
    test.work = work_of(test, *engine);
    test.speeds = TRY(machine.speeds(test.work));
    TRY(measure(*engine, settings.size("repetitions"), test));
    json::object row = test_json(test, *engine, settings, path);
    for (auto& field : machine.fields()) row.insert(field);
    rows.emplace_back(std::move(row));
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(rows)));
    return 0;
  }
  TRY(print(machine.text()));
  for (const json::value& row : rows) TRY(print(test_text(row.get_object())));
  return 0;
}

}  // namespace croft::cli
