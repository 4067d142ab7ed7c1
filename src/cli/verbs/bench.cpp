#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

#include "base/cpu.h"
#include "base/json.h"
#include "cli/bench_limits.h"
#include "cli/build_info.h"
#include "cli/generate.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// One line of the result: prompts of n_prompt tokens, or answers of n_gen.
struct Test : TestSize {
  std::vector<double> samples_ns;
  Work work;
  Speeds speeds;  ///< measured right before

  [[nodiscard]] std::size_t tokens() const { return (n_prompt + n_gen) * seqs; }
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

/// Ordinary tokens of the vocabulary, each equally likely.
std::vector<TokenId> random_tokens(const Tokenizer& tokenizer, std::size_t count,
                                   std::mt19937& random) {
  std::uniform_int_distribution<std::size_t> any(0, tokenizer.size() - 1);
  std::vector<TokenId> tokens;
  std::size_t refused = 0;
  while (tokens.size() < count) {
    const auto id = static_cast<TokenId>(any(random));
    // A vocabulary without ordinary tokens would keep us here for ever: then any token will do.
    if (tokenizer.kind(id) != TokenKind::Normal && ++refused < 10'000) continue;
    tokens.push_back(id);
  }
  return tokens;
}

std::vector<GenerationRequest> requests_of(const Test& test, const Tokenizer& tokenizer,
                                           std::mt19937& random) {
  // An answer needs something to follow: one token. Where it has its depth to follow, its first
  // token belongs to computing that.
  const std::size_t before = std::max({test.n_prompt, test.n_depth, std::size_t{1}});
  std::vector<GenerationRequest> requests(test.seqs);
  for (GenerationRequest& request : requests) {
    request.prompt = random_tokens(tokenizer, before, random);
    request.tokens_max = test.n_gen + (test.n_depth > 0 ? 1 : 0);
    request.sampling.temperature = 0.0f;
    request.ignore_end_tokens = true;
  }
  return requests;
}

/// Time of n_gen tokens of every sequence, taken from the stretch in which all of them generate:
/// prompts enter one after the other, and what is generated beside them does not count.
double generating_ns(const Test& test, const std::vector<TimedGeneration>& generations) {
  Clock::time_point start = Clock::time_point::min();
  Clock::time_point end = Clock::time_point::max();
  for (const TimedGeneration& generation : generations) {
    start = std::max(start, generation.token_times.front());
    end = std::min(end, generation.token_times.back());
  }
  std::size_t made = 0;
  for (const TimedGeneration& generation : generations)
    made += static_cast<std::size_t>(std::ranges::count_if(
        generation.token_times, [&](Clock::time_point at) { return at > start && at <= end; }));
  const std::chrono::duration<double, std::nano> took = end - start;
  return took.count() * static_cast<double>(test.tokens()) / static_cast<double>(made);
}

Result<double> sample_ns(Engine& engine, const Test& test, std::mt19937& random) {
  auto requests = requests_of(test, engine.model().tokenizer(), random);
  const std::size_t wanted = requests.front().tokens_max;
  const auto start = Clock::now();
  const std::vector<TimedGeneration> generations = TRY(generate_all(engine, std::move(requests)));
  const std::chrono::duration<double, std::nano> took = Clock::now() - start;
  for (const TimedGeneration& generation : generations)
    if (generation.usage.completion_tokens != wanted)
      return fail(ErrorCode::ContextOverflow,
                  "only " + std::to_string(generation.usage.completion_tokens) + " of " +
                      std::to_string(wanted) + " tokens fit the model's context",
                  "Use a smaller -n");
  if (test.n_depth == 0) return took.count();
  const double generating = generating_ns(test, generations);
  if (!std::isfinite(generating))
    return fail(ErrorCode::InvalidArgument,
                std::to_string(test.seqs) + " sequences were never generating all at once",
                "Use a larger -n, or a smaller --depth or --seqs");
  return generating;
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
    rates.push_back(static_cast<double>(test.tokens()) * 1e9 / ns);
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
