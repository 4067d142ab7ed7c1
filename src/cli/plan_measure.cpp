#include "cli/plan_measure.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>

#include "base/cpu.h"
#include "base/machine_memory.h"
#include "cli/bench_limits.h"
#include "cli/bench_sample.h"
#include "cli/generate.h"
#include "cli/progress.h"
#include "model/kv_pool.h"
#include "model/memory_plan.h"

namespace croft::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t rounds_max = 3;
/// No further round begins after this.
constexpr std::chrono::seconds patience{10};
/// Dense where kernels step from one strip of rows to the next: 17 rows may cost what 24 do, and a
/// prompt's chunk beside answers is that short.
constexpr std::size_t prompt_sizes[] = {1,  2,  4,  8,  12, 16, 17, 20, 24,  28,
                                        32, 33, 40, 48, 49, 64, 65, 96, 128, 256};
/// Prompt tokens of answers that are measured: short, so that many begin in one step.
constexpr std::size_t answers_prompt = 16;
/// Steps with each number of sequences.
constexpr std::size_t steps_each = 12;
constexpr std::size_t sequences_max = 64;
/// Where threads are compared: as many tokens as are bound by arithmetic.
constexpr std::size_t compared_prompt = 256;
/// Long enough that what attention takes beside the rest is no noise.
constexpr std::size_t long_prompt_max = 2048;
constexpr std::size_t context_min = 160;

/// Of the server, beside the engine, over loopback: reading a request to its first event, and what
/// sending an event takes from the step (docs/plan.md says how both were measured).
constexpr double request_overhead_s = 2e-3;
constexpr double token_overhead_s = 6e-6;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

using Samples = std::map<std::size_t, std::vector<double>>;  ///< seconds by count

std::vector<StepTime> table_of(const Samples& samples) {
  std::vector<StepTime> table;
  for (const auto& [count, seconds] : samples) table.push_back({count, median(seconds)});
  return table;
}

double at_count(const std::vector<StepTime>& table, std::size_t count) {
  return std::ranges::find(table, count, &StepTime::count)->seconds;
}

/// What is measured, for all thread counts alike.
struct Sizes {
  std::vector<std::size_t> prompts;  ///< ascending, from 1
  std::vector<std::size_t> answers;  ///< descending, to 1
  std::size_t compared = 1;          ///< of `prompts`
  std::size_t chunk = 1;
  std::size_t long_prompt = 0;  ///< 0: the context has no room for one

  [[nodiscard]] std::size_t answer_tokens() const { return answers.size() * steps_each + 2; }
};

Sizes sizes_of(const EngineOptions& options) {
  Sizes sizes;
  sizes.chunk = options.prefill_chunk;
  const std::size_t longest =
      std::min({options.prefill_chunk, options.context - 32, std::size_t{512}});
  for (const std::size_t n : prompt_sizes)
    if (n < longest) sizes.prompts.push_back(n);
  sizes.prompts.push_back(longest);
  for (const std::size_t n : sizes.prompts)
    if (n <= compared_prompt) sizes.compared = n;
  const std::size_t sequences = std::min(options.parallel, sequences_max);
  sizes.answers.push_back(sequences);
  for (std::size_t n = sequences_max; n > 0; n /= 2)
    if (n < sequences) sizes.answers.push_back(n);
  const std::size_t room = std::min(long_prompt_max, options.context - 32);
  if (room >= 2 * longest && sizes.chunk <= longest) sizes.long_prompt = room;
  return sizes;
}

/// The samples of one number of threads.
struct Measured {
  std::unique_ptr<Engine> engine;
  Samples prompts, answers;
  std::vector<double> long_first_s, long_between_s;
};

Result<void> measure_prompts(Measured& measured, const std::vector<std::size_t>& sizes,
                             std::mt19937& random) {
  for (const std::size_t n : sizes) {
    // Short ones are cheap, and their noise is a larger part of them.
    const int repeats = n <= 128 ? 4 : 1;
    for (int i = 0; i < repeats; ++i) {
      const double ns = TRY(sample_ns(*measured.engine, {.n_prompt = n}, random));
      measured.prompts[n].push_back(ns / 1e9);
    }
  }
  return {};
}

/// Answers that end in turn: all sequences first, then half of them, then half of those. The first
/// sequence is the longest and, admitted first, the first to get its token of every step.
Result<void> measure_answers(Measured& measured, const Sizes& sizes, std::mt19937& random) {
  std::vector<GenerationRequest> requests;
  for (std::size_t i = 0; i < sizes.answers.front(); ++i) {
    const auto phases = static_cast<std::size_t>(
        std::ranges::count_if(sizes.answers, [&](std::size_t active) { return active > i; }));
    requests.push_back(random_request(measured.engine->model().tokenizer(), answers_prompt,
                                      phases * steps_each + 2, random));
  }
  const std::vector<TimedGeneration> done =
      TRY(generate_all(*measured.engine, std::move(requests)));
  Clock::time_point all_began = Clock::time_point::min();
  for (const TimedGeneration& one : done) all_began = std::max(all_began, one.token_times.front());
  const auto& steps = done.front().token_times;
  for (std::size_t i = 1; i + 1 < steps.size(); ++i) {
    if (steps[i - 1] <= all_began) continue;
    std::size_t active = 0;
    for (const TimedGeneration& one : done)
      active += static_cast<std::size_t>(std::ranges::count_if(
          one.token_times, [&](auto at) { return at >= steps[i] && at < steps[i + 1]; }));
    if (std::ranges::find(sizes.answers, active) == sizes.answers.end()) continue;
    measured.answers[active].push_back(
        std::chrono::duration<double>(steps[i] - steps[i - 1]).count());
  }
  return {};
}

Result<void> measure_long(Measured& measured, const Sizes& sizes, std::mt19937& random) {
  if (sizes.long_prompt == 0) return {};
  std::vector<GenerationRequest> requests;
  requests.push_back(
      random_request(measured.engine->model().tokenizer(), sizes.long_prompt, steps_each, random));
  const auto start = Clock::now();
  const std::vector<TimedGeneration> done =
      TRY(generate_all(*measured.engine, std::move(requests)));
  const auto& times = done.front().token_times;
  measured.long_first_s.push_back(std::chrono::duration<double>(times.front() - start).count());
  for (std::size_t i = 1; i < times.size(); ++i)
    measured.long_between_s.push_back(
        std::chrono::duration<double>(times[i] - times[i - 1]).count());
  return {};
}

std::vector<std::size_t> thread_counts(std::size_t all) {
  std::vector<std::size_t> counts;
  for (std::size_t n = 1; n < all; n *= 2) counts.push_back(n);
  counts.push_back(all);
  return counts;
}

/// Engines that compute every token of every request, alone with what is measured.
Result<std::vector<Measured>> open_engines(const std::shared_ptr<const Model>& model,
                                           const EngineOptions& options, const Sizes& sizes) {
  std::vector<Measured> engines;
  for (const std::size_t threads : thread_counts(options.threads)) {
    EngineOptions one = options;
    one.threads = threads;
    one.parallel = sizes.answers.front();
    one.context =
        std::min(options.context, std::max({sizes.long_prompt + 16, sizes.prompts.back() + 16,
                                            answers_prompt + sizes.answer_tokens() + 16}));
    one.prefix_cache = false;
    one.prompt_lookup = false;
    one.queue_max = one.parallel + 1;
    engines.emplace_back().engine = TRY(Engine::create(model, one));
  }
  return engines;
}

Result<void> measure_rounds(std::vector<Measured>& engines, const Sizes& sizes) {
  std::mt19937 random(20261121);  // fixed: every plan measures the same tokens
  Progress progress("measuring", Progress::Unit::Count);
  const auto begin = Clock::now();
  const std::size_t total = rounds_max * engines.size();
  for (std::size_t round = 0, done = 0; round < rounds_max; ++round) {
    if (round != 0 && Clock::now() - begin > patience) break;
    for (Measured& one : engines) {
      // What is not counted warms caches and pages the weights in.
      if (round == 0) TRY(sample_ns(*one.engine, {.n_prompt = sizes.compared}, random));
      const bool is_last = &one == &engines.back();
      TRY(measure_prompts(one, is_last ? sizes.prompts : std::vector{sizes.compared}, random));
      TRY(measure_answers(one, sizes, random));
      if (is_last) TRY(measure_long(one, sizes, random));
      progress.update(++done, total);
    }
  }
  return {};
}

/// What a position before a token adds, from a long prompt and the answer after it.
void add_depth(StepRates& rates, const Measured& measured, const Sizes& sizes) {
  if (measured.long_first_s.empty()) return;
  double expected = std::max(0.0, rates.answers.front().seconds - rates.prompt.front().seconds);
  double pairs = 0.0;
  for (std::size_t first = 0; first < sizes.long_prompt; first += sizes.chunk) {
    const std::size_t count = std::min(sizes.chunk, sizes.long_prompt - first);
    // Chunks but the last are whole; a part of one is priced in proportion.
    expected += rates.prompt.back().seconds * static_cast<double>(count) /
                static_cast<double>(rates.prompt.back().count);
    pairs += static_cast<double>(first) * static_cast<double>(count);
  }
  rates.prompt_position_s = std::max(0.0, (median(measured.long_first_s) - expected) / pairs);
  const double deeper = static_cast<double>(sizes.long_prompt) + steps_each / 2.0 -
                        static_cast<double>(rates.answers_depth);
  rates.answer_position_s =
      std::max(0.0, (median(measured.long_between_s) - rates.answers.front().seconds) / deeper);
}

Result<void> add_bounds(MachineRates& rates, const Engine& engine, const Sizes& sizes) {
  MachineLimits machine = TRY(MachineLimits::measure(engine));
  const auto bound = [&](const TestSize& test, double seconds) -> Result<BoundBy> {
    const Work work = work_of(test, engine);
    const Limit limit = limit_of(work, TRY(machine.speeds(work)), seconds);
    return BoundBy{std::string(limit.name), limit.fraction};
  };
  const auto answers = [&](std::size_t seqs) {
    return TestSize{.n_gen = 1, .n_depth = rates.steps.answers_depth, .seqs = seqs};
  };
  const std::size_t most = sizes.answers.front();
  rates.prompt_bound =
      TRY(bound({.n_prompt = sizes.compared}, at_count(rates.steps.prompt, sizes.compared)));
  rates.answer_one_bound = TRY(bound(answers(1), rates.steps.answers.front().seconds));
  rates.answers_bound = TRY(bound(answers(most), rates.steps.answers.back().seconds));
  return {};
}

void add_memory(MachineRates& rates, const Model& model, const EngineOptions& options) {
  const MemoryPlan plan = plan_memory(model.config(), {.file_bytes = model.info().file_bytes,
                                                       .context = options.context,
                                                       .parallel = options.parallel,
                                                       .chunk = options.prefill_chunk,
                                                       .kv_type = options.kv_type});
  rates.weights_bytes = plan.weights;
  rates.work_bytes = plan.work;
  rates.kv_page_bytes =
      KvPool::page_bytes_of(model.config(), options.kv_type).value_or(plan.per_token);
  // What Batcher::create promises, beside the weights that are loaded already.
  const MachineMemory memory = machine_memory();
  rates.kv_bytes_max =
      std::max<std::uint64_t>(std::min(memory.total / 2, memory.available / 4 * 3), plan.sequence);
}

}  // namespace

Result<MachineRates> measure_rates(const std::shared_ptr<const Model>& model,
                                   const EngineOptions& options) {
  if (options.context < context_min)
    return fail(ErrorCode::Unsupported,
                "a context of " + std::to_string(options.context) + " is too short to measure in",
                "Plan with a --context of at least " + std::to_string(context_min) + ".");
  const Sizes sizes = sizes_of(options);
  std::vector<Measured> engines = TRY(open_engines(model, options, sizes));
  TRY(measure_rounds(engines, sizes));

  for (const Measured& one : engines)
    if (!one.answers.contains(1) || !one.answers.contains(sizes.answers.front()))
      return fail(ErrorCode::Unavailable, "this machine is too busy to be measured",
                  "Try again when less runs beside it.");

  MachineRates rates;
  const Measured& all = engines.back();
  rates.model = model->info().name;
  rates.cpu = cpu_model_name();
  rates.isa = isa_name(all.engine->isa());
  rates.context = options.context;
  rates.steps.prompt = table_of(all.prompts);
  rates.steps.answers = table_of(all.answers);
  rates.steps.answers_depth = answers_prompt + steps_each;
  rates.steps.request_overhead_s = request_overhead_s;
  rates.steps.step_overhead_s = token_overhead_s;
  add_depth(rates.steps, all, sizes);
  for (const Measured& one : engines)
    rates.threads.push_back({.threads = one.engine->options().threads,
                             .prompt_s = at_count(table_of(one.prompts), sizes.compared),
                             .answer_one_s = table_of(one.answers).front().seconds,
                             .answers_s = table_of(one.answers).back().seconds});
  TRY(add_bounds(rates, *all.engine, sizes));
  add_memory(rates, *model, options);
  return rates;
}

}  // namespace croft::cli
