#include "engine/capacity.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <numbers>
#include <random>

#include "base/check.h"

namespace croft {
namespace {

/// A step below this or above that is no measurement of a computer.
constexpr double step_seconds_min = 1e-9;
constexpr double step_seconds_max = 1e4;
constexpr std::size_t table_entries_max = 64;
constexpr std::size_t count_max = 1'000'000;
/// From this many tokens on a prompt is bound by arithmetic.
constexpr double many_tokens = 64.0;
constexpr double length_factor_max = 4.0;
/// Longer ones would take minutes to simulate.
constexpr std::size_t prompt_tokens_max = 1'000'000;
constexpr std::size_t answer_tokens_max = 65'536;
/// Two years, and a hundred: nanoseconds overflow after three hundred.
constexpr double span_seconds_max = 6e7;
constexpr std::chrono::hours clock_max{876'000};

std::unexpected<Error> wrong(const std::string& field, const std::string& why) {
  return fail(ErrorCode::InvalidArgument, field + " " + why, {}, field);
}

bool in_range(double value, double low, double high) {
  return std::isfinite(value) && value >= low && value <= high;
}

Result<void> check_table(const std::vector<StepTime>& table, const std::string& field) {
  if (table.empty() || table.size() > table_entries_max)
    return wrong(field, "has " + std::to_string(table.size()) + " entries, it must have 1 to " +
                            std::to_string(table_entries_max));
  if (table.front().count != 1) return wrong(field, "must begin with a count of 1");
  std::size_t before = 0;
  for (const StepTime& entry : table) {
    const std::string at = field + "[" + std::to_string(&entry - table.data()) + "]";
    if (entry.count <= before || entry.count > count_max)
      return wrong(at, "has a count of " + std::to_string(entry.count) +
                           "; counts ascend and end at " + std::to_string(count_max));
    if (!in_range(entry.seconds, step_seconds_min, step_seconds_max))
      return wrong(
          at, "takes " + std::to_string(entry.seconds) + " seconds; a step takes 1e-9 to 10000");
    before = entry.count;
  }
  return {};
}

/// Of an ascending table that begins at 1: linear between its entries, in proportion beyond them.
double look_up(std::span<const StepTime> table, std::size_t count) {
  if (count == 0) return 0.0;
  const auto wanted = static_cast<double>(count);
  const auto above = std::ranges::lower_bound(table, count, {}, &StepTime::count);
  if (above == table.end())
    return table.back().seconds * wanted / static_cast<double>(table.back().count);
  if (above->count == count) return above->seconds;
  const StepTime& below = *(above - 1);
  const double share =
      (wanted - static_cast<double>(below.count)) / static_cast<double>(above->count - below.count);
  return below.seconds + share * (above->seconds - below.seconds);
}

void make_ascend(std::vector<StepTime>& table) {
  double most = 0.0;
  for (StepTime& entry : table) entry.seconds = most = std::max(most, entry.seconds);
}

/// The standard's distributions differ between libraries; the plan of a machine should not.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_(seed) {}

  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  double exponential() { return -std::log1p(-uniform()); }
  /// Mean and relative deviation as given, before what clamping takes away.
  std::size_t length(std::size_t mean, double spread) {
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    const double normal = radius * std::cos(2.0 * std::numbers::pi * uniform());
    if (mean == 0) return 0;
    const double variance = std::log1p(spread * spread);
    const auto m = static_cast<double>(mean);
    const double drawn = m * std::exp(std::sqrt(variance) * normal - variance / 2);
    return static_cast<std::size_t>(
        std::clamp(std::round(drawn), 1.0, std::ceil(length_factor_max * m)));
  }

 private:
  std::mt19937_64 bits_;
};

/// Tokens are numbers that differ where requests differ: enough for shared prefixes.
struct SimulatedJob : ScheduledJob {
  using ScheduledJob::ScheduledJob;
  [[nodiscard]] std::span<const TokenId> tokens() const override { return all; }

  std::vector<TokenId> all;
  std::size_t answer = 0;
  bool counts = false;
  SteadyTime last_token;
};

/// Latencies in seconds, unsorted.
struct Samples {
  std::vector<double> first, between, whole;
  double busy = 0.0, elapsed = 0.0;
  std::uint64_t steps = 0, rows = 0, preemptions = 0;
  std::size_t kv_pages_max = 0;

  void add(const Samples& other) {
    for (auto part : {&Samples::first, &Samples::between, &Samples::whole})
      (this->*part).insert((this->*part).end(), (other.*part).begin(), (other.*part).end());
    busy += other.busy;
    elapsed += other.elapsed;
    steps += other.steps;
    rows += other.rows;
    preemptions += other.preemptions;
    kv_pages_max = std::max(kv_pages_max, other.kv_pages_max);
  }
};

double percentile_of(std::vector<double>& values, double percent) {
  if (values.empty()) return 0.0;
  const double at = static_cast<double>(values.size() - 1) * percent / 100.0;
  const auto index = static_cast<std::size_t>(std::ceil(at));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::ranges::nth_element(values, nth);
  return *nth;
}

LatencySummary summary_of(std::vector<double>& values, double percent) {
  return {.p50 = percentile_of(values, 50),
          .target = percentile_of(values, percent),
          .p99 = percentile_of(values, 99)};
}

double seconds_of(SteadyTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}
SteadyTime::duration duration_of(double seconds) {
  return std::chrono::duration_cast<SteadyTime::duration>(
      std::chrono::duration<double>(std::min(seconds, span_seconds_max)));
}

/// One run: requests arrive, the scheduler plans, the clock moves by what a step costs.
class Run {
 public:
  Run(const StepCost& cost, const StepRates& rates, const WorkloadOptions& options, KvPool& pool,
      double rate, std::uint64_t seed)
      : cost_(cost),
        rates_(rates),
        options_(options),
        pool_(pool),
        rate_(rate),
        draws_(seed),
        scheduler_(pool, options.scheduler) {
    for (const RequestClass& one : options.mix) shares_ += one.share;
  }
  ~Run() {
    for (auto& job : jobs_) scheduler_.remove(*job);
    scheduler_.forget_prefixes();
  }
  Run(const Run&) = delete;

  /// False where the run was ended early because the target is missed for certain.
  bool go() {
    next_arrival_ = now_ + gap();
    while (ended_ < options_.requests) {
      if (scheduler_.idle()) now_ = std::max(now_, next_arrival_);
      while (next_arrival_ <= now_) arrive();
      step();
      if (hopeless() || now_.time_since_epoch() > clock_max) return false;
    }
    samples_.elapsed = seconds_of(now_ - SteadyTime{});
    samples_.preemptions = scheduler_.stats().preemptions_total;
    return true;
  }
  Samples& samples() { return samples_; }

 private:
  SteadyTime::duration gap() {
    const double drawn = draws_.exponential();
    return rate_ == 0.0 ? SteadyTime::duration::zero() : duration_of(drawn / rate_);
  }

  /// Every request takes the same number of draws, so that runs at different rates meet the same
  /// requests.
  void arrive() {
    auto job = std::make_unique<SimulatedJob>(pool_);
    double left = draws_.uniform() * shares_;
    std::size_t which = 0;
    while (which + 1 < options_.mix.size() && left >= options_.mix[which].share)
      left -= options_.mix[which++].share;
    const RequestClass& kind = options_.mix[which];
    std::size_t fresh = draws_.length(kind.prompt - kind.shared, options_.spread);
    const std::size_t answer = draws_.length(kind.answer, options_.spread);
    const bool shares = draws_.uniform() < options_.shared_found;
    const auto index = static_cast<TokenId>(options_.mix.size() + arrived_);
    fresh = std::min(std::max<std::size_t>(fresh, kind.shared == 0),  //
                     options_.context - 1 - std::min(kind.shared, options_.context - 1));
    job->all.assign(kind.shared, shares ? static_cast<TokenId>(which) : index);
    job->all.insert(job->all.end(), fresh, index);
    job->prompt_size = job->all.size();
    job->answer = std::min(answer, options_.context - job->prompt_size);
    job->all.reserve(job->prompt_size + job->answer);
    job->submitted = next_arrival_;
    job->counts =
        arrived_ >= options_.requests / 6 && arrived_ < options_.requests / 6 + options_.requests;
    ++arrived_;
    scheduler_.add(*job);
    jobs_.push_back(std::move(job));
    // One after the other: the next comes when this one has ended.
    next_arrival_ = rate_ == 0.0 ? SteadyTime::max() : next_arrival_ + gap();
  }

  void step() {
    const std::vector<PlannedRows>& plan = scheduler_.plan(now_);
    CHECK(!plan.empty());
    const double seconds = cost_.seconds(plan);
    now_ += std::max(duration_of(seconds), SteadyTime::duration{1});
    scheduler_.stepped(seconds);
    samples_.busy += seconds;
    samples_.steps += 1;
    samples_.rows += scheduler_.running().size();
    samples_.kv_pages_max =
        std::max(samples_.kv_pages_max, pool_.pages_total() - pool_.pages_free());
    for (const PlannedRows& rows : plan) {
      auto& job = static_cast<SimulatedJob&>(*rows.job);
      if (job.computed == job.all.size()) token(job);
    }
    std::erase_if(jobs_, [](const auto& job) { return job == nullptr; });
  }

  void token(SimulatedJob& job) {
    const double overhead = rates_.request_overhead_s;
    if (job.all.size() == job.prompt_size) {
      const double took = seconds_of(now_ - job.submitted) + overhead;
      if (job.counts) samples_.first.push_back(took);
      if (job.counts && took > options_.target.first_s) ++late_;
    } else if (job.counts) {
      samples_.between.push_back(seconds_of(now_ - job.last_token));
    }
    job.last_token = now_;
    job.all.push_back(TokenId{-1});
    if (job.all.size() - job.prompt_size < job.answer) return;
    if (job.counts) samples_.whole.push_back(seconds_of(now_ - job.submitted) + overhead);
    ended_ += job.counts ? 1 : 0;
    scheduler_.remove(job);
    for (auto& owned : jobs_)
      if (owned.get() == &job) owned.reset();
    if (rate_ == 0.0) next_arrival_ = now_;
  }

  [[nodiscard]] bool hopeless() const {
    const double allowed = 1.0 - options_.target.percentile / 100.0;
    return rate_ != 0.0 &&
           static_cast<double>(late_) > allowed * static_cast<double>(options_.requests) + 1.0;
  }

  const StepCost& cost_;
  const StepRates& rates_;
  const WorkloadOptions& options_;
  KvPool& pool_;
  double rate_;
  Draws draws_;
  double shares_ = 0.0;
  std::deque<std::unique_ptr<SimulatedJob>> jobs_;
  Scheduler scheduler_;
  SteadyTime now_{}, next_arrival_{};
  std::size_t arrived_ = 0, ended_ = 0, late_ = 0;
  Samples samples_;
};

/// Pages without contents to speak of: only their number matters. No more than the longest requests
/// could fill together.
Result<KvPool> make_pool(const WorkloadOptions& options) {
  std::size_t longest = 1;
  for (const RequestClass& one : options.mix) {
    const double factor = options.spread == 0.0 ? 1.0 : length_factor_max;
    const auto varied = static_cast<double>(one.prompt - one.shared + one.answer) * factor;
    longest = std::max(longest, one.shared + 3 + static_cast<std::size_t>(varied));
  }
  const std::size_t one = kv_page_count(std::min(longest, options.context));
  const std::size_t most =
      (options.scheduler.parallel + 1) * one +
      std::min<std::size_t>(options.scheduler.prefix_pages_max, options.kv_pages);
  ModelConfig config;
  config.layer_count = config.kv_head_count = 1;
  config.head_size = 16;
  return KvPool::create(
      config, {.positions = std::max(one, std::min(options.kv_pages, most)) * kv_block_positions});
}

std::string milliseconds(double seconds) {
  return std::to_string(static_cast<long long>(std::ceil(seconds * 1e3))) + " ms";
}

Result<LoadResult> simulate(const StepRates& rates, const WorkloadOptions& options, double rate,
                            bool stops_early) {
  const StepCost cost(rates);
  KvPool pool = TRY(make_pool(options));
  LoadResult result;
  result.rate = rate;
  Samples all;
  for (std::size_t i = 0; i < options.runs; ++i) {
    WorkloadOptions one = options;
    if (!stops_early) one.target.first_s = step_seconds_max * 1e6;
    Run run(cost, rates, one, pool, rate, options.seed * 1000 + i);
    if (!run.go()) {
      if (!stops_early)
        return wrong("rates", "are so slow that the requests would take more than a century");
      result.first_worst = std::numeric_limits<double>::infinity();
      return result;
    }
    Samples& samples = run.samples();
    const double percent = options.target.percentile;
    result.first_worst = std::max(result.first_worst, percentile_of(samples.first, percent));
    result.between_worst = std::max(result.between_worst, percentile_of(samples.between, percent));
    all.add(samples);
    if (stops_early && !result.meets(options.target)) return result;
  }
  result.first = summary_of(all.first, options.target.percentile);
  result.between = summary_of(all.between, options.target.percentile);
  result.whole = summary_of(all.whole, options.target.percentile);
  result.busy = all.elapsed == 0.0 ? 0.0 : all.busy / all.elapsed;
  result.running_mean = static_cast<double>(all.rows) / static_cast<double>(all.steps);
  result.kv_pages_max = all.kv_pages_max;
  result.preemptions = all.preemptions;
  return result;
}

Result<void> check_alone(const LoadResult& alone, const LatencyTarget& target) {
  const auto refuse = [&](const char* what, double took, double asked, const char* option) {
    return fail(ErrorCode::InvalidArgument,
                "even one request alone needs " + milliseconds(took) + " " + what + " (p" +
                    std::to_string(static_cast<int>(target.percentile)) + "), the target is " +
                    milliseconds(asked),
                std::string("Ask for --") + option + " " +
                    std::to_string(static_cast<long long>(std::ceil(took * 1e3))) +
                    " or more, or use a smaller model.",
                option);
  };
  if (alone.first_worst > target.first_s)
    return refuse("to its first token", alone.first_worst, target.first_s, "first-ms");
  if (alone.between_worst > target.between_s)
    return refuse("between two tokens", alone.between_worst, target.between_s, "between-ms");
  return {};
}

double log_share(double count, double low, double high) {
  if (high <= low) return 1.0;
  return std::clamp(std::log(count / low) / std::log(high / low), 0.0, 1.0);
}

}  // namespace

Result<void> StepRates::check() const {
  TRY(check_table(prompt, "prompt"));
  TRY(check_table(answers, "answers"));
  if (answers_depth > count_max) return wrong("answers_depth", "must be at most 1000000");
  const std::pair<double, const char*> numbers[] = {{prompt_position_s, "prompt_position_s"},
                                                    {answer_position_s, "answer_position_s"},
                                                    {request_overhead_s, "request_overhead_s"},
                                                    {step_overhead_s, "step_overhead_s"}};
  for (const auto& [value, field] : numbers)
    if (!in_range(value, 0.0, 1.0))
      return wrong(field, "is " + std::to_string(value) + ", it must lie between 0 and 1");
  return {};
}

Result<void> WorkloadOptions::check() const {
  if (mix.empty()) return wrong("mix", "has no class of requests");
  for (const RequestClass& one : mix) {
    if (!in_range(one.share, 1e-6, 1e6))
      return wrong("mix", one.name + ": the share must lie between 0.000001 and 1000000");
    if (one.prompt == 0 || one.prompt > prompt_tokens_max || one.answer == 0 ||
        one.answer > answer_tokens_max || one.shared > one.prompt)
      return wrong("mix", one.name + ": prompts have 1 to " + std::to_string(prompt_tokens_max) +
                              " tokens, of which no more than all are shared, answers 1 to " +
                              std::to_string(answer_tokens_max));
    if (one.prompt + one.answer > context)
      return fail(ErrorCode::ContextOverflow,
                  one.name + ": " + std::to_string(one.prompt) + " tokens of prompt and " +
                      std::to_string(one.answer) + " of answer do not fit the context of " +
                      std::to_string(context),
                  "Shorten the class, or plan with a larger --context.", "mix");
  }
  if (!in_range(spread, 0.0, 3.0)) return wrong("spread", "must lie between 0 and 3");
  if (!in_range(shared_found, 0.0, 1.0)) return wrong("shared_found", "must lie between 0 and 1");
  if (!in_range(target.percentile, 1.0, 99.9))
    return wrong("percentile", "must lie between 1 and 99.9");
  if (!in_range(target.first_s, 1e-6, step_seconds_max) ||
      !in_range(target.between_s, 1e-6, step_seconds_max))
    return wrong("target", "must lie between 0.001 ms and 10,000 s");
  if (runs == 0 || runs > 100 || requests < 50 || requests > 100'000)
    return wrong("requests", "must lie between 50 and 100000, in 1 to 100 runs");
  if (kv_pages < kv_page_count(context))
    return fail(ErrorCode::TooLarge,
                "memory for " + std::to_string(kv_pages * kv_block_positions) +
                    " tokens does not hold one context of " + std::to_string(context),
                "Lower --context.", "kv_positions");
  return {};
}

StepCost::StepCost(const StepRates& rates) : rates_(rates) {
  make_ascend(rates_.answers);
  for (StepTime& entry : rates_.prompt)
    if (entry.count <= rates_.answers.back().count)
      entry.seconds = std::min(entry.seconds, look_up(rates_.answers, entry.count));
  make_ascend(rates_.prompt);
  for (const StepTime& entry : rates_.answers)
    logits_.push_back(
        {entry.count, std::max(0.0, entry.seconds - look_up(rates_.prompt, entry.count))});
  make_ascend(logits_);
}

double StepCost::seconds(std::span<const PlannedRows> plan) const {
  std::size_t rows = 0, wanted = 0;
  double prompt_positions = 0.0, answer_positions = 0.0;
  for (const PlannedRows& part : plan) {
    rows += part.count;
    const bool is_last = part.first + part.count == part.job->tokens().size();
    if (is_last) ++wanted;
    const auto before = static_cast<double>(part.first);
    if (part.first >= part.job->prompt_size)
      answer_positions += std::max(0.0, before - static_cast<double>(rates_.answers_depth));
    else
      prompt_positions += static_cast<double>(part.count) * before;
  }
  return look_up(rates_.prompt, rows) + look_up(logits_, wanted) +
         rates_.prompt_position_s * prompt_positions + rates_.answer_position_s * answer_positions +
         rates_.step_overhead_s * static_cast<double>(wanted);
}

Result<LoadResult> simulate_load(const StepRates& rates, const WorkloadOptions& options,
                                 double rate) {
  TRY(rates.check());
  TRY(options.check());
  if (!in_range(rate, 0.0, 1e9)) return wrong("rate", "must lie between 0 and 10^9 a second");
  return simulate(rates, options, rate, false);
}

Result<LoadResult> find_capacity(const StepRates& rates, const WorkloadOptions& options) {
  TRY(rates.check());
  TRY(options.check());
  const LoadResult alone = TRY(simulate(rates, options, 0.0, false));
  TRY(check_alone(alone, options.target));
  double low = 0.0;
  double high = 1.0 / std::max(alone.whole.p50, 1e-9);  // what one sequence at a time carries
  constexpr int doublings_max = 40;
  for (int i = 0; i < doublings_max; ++i, low = high, high *= 2)
    if (!TRY(simulate(rates, options, high, true)).meets(options.target)) break;
  while (high - low > 0.01 * high) {
    const double middle = (low + high) / 2;
    // A target that one request just meets may be missed by any two.
    if (middle * alone.whole.p50 < 1e-6) break;
    (TRY(simulate(rates, options, middle, true)).meets(options.target) ? low : high) = middle;
  }
  return simulate(rates, options, low, false);
}

StepRates scaled(StepRates rates, const StepScale& scale) {
  for (StepTime& entry : rates.prompt) {
    const double share = log_share(static_cast<double>(entry.count), 1.0, many_tokens);
    entry.seconds *= scale.answer_one + (scale.prompt - scale.answer_one) * share;
  }
  const auto most = static_cast<double>(rates.answers.back().count);
  for (StepTime& entry : rates.answers) {
    const double share = log_share(static_cast<double>(entry.count), 1.0, most);
    entry.seconds *= scale.answer_one + (scale.answers - scale.answer_one) * share;
  }
  rates.prompt_position_s *= scale.prompt;
  rates.answer_position_s *= scale.answer_one;
  return rates;
}

}  // namespace croft
