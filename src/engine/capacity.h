#pragma once
/// How many requests a second a machine carries: the scheduler itself, run against a virtual clock
/// by requests that arrive at random, with steps that cost what was measured. No model, no threads;
/// the same rates, options and seed give the same result.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/scheduler.h"

namespace croft {

struct StepTime {
  std::size_t count = 0;  ///< rows or sequences
  double seconds = 0.0;
};

/// What a machine takes for a step, measured at a few sizes. Both tables begin at a count of 1 and
/// ascend; sizes between them are interpolated, larger ones extrapolated.
struct StepRates {
  std::vector<StepTime> prompt;     ///< by tokens of one prompt from its start; no logits
  std::vector<StepTime> answers;    ///< by sequences that decode, logits and sampling included
  std::size_t answers_depth = 0;    ///< positions before them when that was measured
  double prompt_position_s = 0.0;   ///< more for a token of a prompt, by position before its chunk
  double answer_position_s = 0.0;   ///< more for a decoded token, by position beyond answers_depth
  double request_overhead_s = 0.0;  ///< of the server, to a request's first token
  double step_overhead_s = 0.0;     ///< of the server, to every token that a step makes

  /// Errors: InvalidArgument, the field and its value named.
  [[nodiscard]] Result<void> check() const;
};

/// Seconds of a step. The rows of a step share the reading of the weights, so a prompt's tokens
/// beside answers cost what a longer prompt costs more; who wants logits pays for them.
class StepCost {
 public:
  /// Requires: rates.check(). Noise is taken out: times that fall while counts rise count as equal,
  /// and rows without logits never take longer than rows with them.
  explicit StepCost(const StepRates& rates);
  [[nodiscard]] double seconds(std::span<const PlannedRows> plan) const;

 private:
  StepRates rates_;
  std::vector<StepTime> logits_;  ///< by rows: what `answers` has more than `prompt`
};

/// One kind of request. Lengths in tokens are means; those of the shared part do not vary.
struct RequestClass {
  std::string name;
  double share = 1.0;  ///< of the requests, relative to the other classes
  std::size_t prompt = 1;
  std::size_t answer = 1;
  std::size_t shared = 0;  ///< of the prompt: the same in all requests of the class
};

struct LatencyTarget {
  double first_s = 1.0;      ///< until the first token
  double between_s = 0.1;    ///< between two tokens of an answer
  double percentile = 95.0;  ///< of both
};

struct WorkloadOptions {
  std::vector<RequestClass> mix;
  /// Standard deviation / mean of lengths, which are log-normal: at least 1 token, at most four
  /// times the mean, and an answer ends where the context does. 0: all are the mean.
  double spread = 0.5;
  double shared_found = 1.0;  ///< of the requests with a shared part: those that share it
  std::size_t context = 8192;
  std::size_t kv_pages = 0;  ///< memory for keys and values, kv_block_positions each
  SchedulerOptions scheduler;
  LatencyTarget target;
  std::uint64_t seed = 1;
  std::size_t runs = 5;        ///< with different seeds; the target must hold in every one
  std::size_t requests = 600;  ///< measured in a run, after a sixth as many that are not

  /// Errors: InvalidArgument, the field named; ContextOverflow (a class that does not fit).
  [[nodiscard]] Result<void> check() const;
};

/// Latencies of one kind in seconds; `target` is the target's percentile.
struct LatencySummary {
  double p50 = 0.0;
  double target = 0.0;
  double p99 = 0.0;
};

/// What requests met at one load, all runs together.
struct LoadResult {
  double rate = 0.0;  ///< requests a second; 0: each came when the one before had ended
  LatencySummary first, between, whole;
  double first_worst = 0.0;    ///< the target's percentile, of the worst run
  double between_worst = 0.0;  ///< likewise
  double busy = 0.0;           ///< share of the time in which a step ran
  double running_mean = 0.0;   ///< sequences of a step
  std::size_t kv_pages_max = 0;
  std::uint64_t preemptions = 0;

  [[nodiscard]] bool meets(const LatencyTarget& target) const {
    return first_worst <= target.first_s && between_worst <= target.between_s;
  }
};

/// Errors: those of the checks; TooLarge (no memory for the simulation).
Result<LoadResult> simulate_load(const StepRates& rates, const WorkloadOptions& options,
                                 double rate);

/// The highest rate, to one per cent, at which every run meets the target. Errors: InvalidArgument
/// where even one request alone misses it (both numbers named); as above.
Result<LoadResult> find_capacity(const StepRates& rates, const WorkloadOptions& options);

/// Factors on the step times, for a machine that was not measured.
struct StepScale {
  double prompt = 1.0;      ///< of many tokens of a prompt
  double answer_one = 1.0;  ///< of one sequence that decodes: what reading memory takes
  double answers = 1.0;     ///< of the largest number measured
};

/// Between the ends of the tables factors follow the logarithm of the count.
[[nodiscard]] StepRates scaled(StepRates rates, const StepScale& scale);

}  // namespace croft
