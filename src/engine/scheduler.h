#pragma once
/// Who is computed next: a state machine without clocks, threads or models. The batcher asks for a
/// plan, computes it and says how long it took.
///
/// Waiting   requests queue per tenant. The tenant that has had the least service goes first, so
///           that one with a thousand requests waits for itself; interactive requests go before
///           batch ones, and a batch request that has waited long counts as interactive.
/// Memory    a request is admitted when its prompt fits into free pages (what is shared with others
///           or remembered costs nothing). When generation outgrows the pool, the youngest request
///           of the lowest class gives its pages back and is computed again later: nothing is lost
///           but time.
/// Steps     decoding requests advance in every step. Prompts are computed beside them in chunks
///           whose length is chosen so that a step takes a bounded multiple of what decoding alone
///           takes; what is left of a short prompt may take as long as nobody minds between words.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/prefix_tree.h"
#include "engine/request.h"
#include "model/kv_pool.h"
#include "text/tokenizer.h"

namespace croft {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What the scheduler knows of a request; a Sequence is one.
class ScheduledJob {
 public:
  explicit ScheduledJob(KvPool& pool) : kv(pool) {}
  virtual ~ScheduledJob() = default;
  ScheduledJob(const ScheduledJob&) = delete;

  /// The prompt and what was generated after it; grows.
  [[nodiscard]] virtual std::span<const TokenId> tokens() const = 0;

  // Set before the job is added.
  std::size_t prompt_size = 0;
  std::uint64_t tenant = 0;  ///< shares prefixes and service with its like only
  Priority priority = Priority::Interactive;
  SteadyTime submitted;
  bool reuses_prefix = true;   ///< false: every row of the prompt is wanted
  std::size_t answer_max = 0;  ///< tokens it may generate; 0: unknown

  // The scheduler's; read-only for others.
  KvTable kv;
  std::size_t computed = 0;  ///< tokens whose keys and values are in `kv`
  std::size_t reused = 0;    ///< of the prompt, found in the prefix tree at the first admission
  std::size_t admissions = 0;
  bool rope_long = false;  ///< longrope: this long, a sequence's keys are made with other factors

 private:
  friend class Scheduler;
  std::uint64_t order_ = 0;     ///< of admission; 0: waits
  bool short_prompt_ = false;   ///< little was left to compute at admission
  std::size_t remembered_ = 0;  ///< positions already in the prefix tree
};

struct SchedulerOptions {
  std::size_t parallel = 4;        ///< jobs computed together
  std::size_t chunk_max = 512;     ///< prompt tokens of a step
  std::size_t long_rope_from = 0;  ///< sequences longer than this are rope_long; 0: none
  bool prefix_cache = true;
  std::size_t prefix_pages_max = ~std::size_t{0};    ///< kept while no request holds them
  std::chrono::milliseconds batch_patience{30'000};  ///< then a batch job counts as interactive
};

/// Counters only grow.
struct SchedulerStats {
  std::uint64_t preemptions_total = 0;
  std::uint64_t prefix_lookups_total = 0;  ///< tokens of prompts that were looked up
  std::uint64_t prefix_hits_total = 0;     ///< of these, found
};

/// A part of a step: tokens [first, first + count) of a job, then `drafted` guesses of what
/// follows.
struct PlannedRows {
  ScheduledJob* job = nullptr;
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t drafted = 0;
};

class Scheduler {
 public:
  Scheduler(KvPool& pool, const SchedulerOptions& options);

  /// Enters the queue. The job outlives its stay.
  void add(ScheduledJob& job);
  /// Leaves queue or batch: finished or cancelled. Its pages are given back; the prefix tree keeps
  /// what it may need again.
  void remove(ScheduledJob& job);

  /// The next step; empty when there is nothing to do. `drafts(job)` is how many guesses the job
  /// has for what follows its last token. Jobs' `computed` is moved on by what is planned, guesses
  /// not counted.
  template <typename Drafts>
  const std::vector<PlannedRows>& plan(SteadyTime now, Drafts&& drafts);
  const std::vector<PlannedRows>& plan(SteadyTime now) {
    return plan(now, [](const ScheduledJob&) { return std::size_t{0}; });
  }
  /// The guesses that held: their keys and values are in place.
  void accept_drafts(ScheduledJob& job, std::size_t count) { job.computed += count; }
  /// How long the planned step took.
  void stepped(double seconds);
  /// The planned step came to nothing for lack of memory: none of its keys and values are there.
  /// The younger half of the jobs give their memory back and are computed again later; steps become
  /// smaller, and grow again with those that succeed.
  void step_failed();

  [[nodiscard]] std::size_t waiting() const { return waiting_count_; }
  [[nodiscard]] const std::vector<ScheduledJob*>& running() const { return running_; }
  [[nodiscard]] bool idle() const { return running_.empty() && waiting_count_ == 0; }
  [[nodiscard]] const SchedulerStats& stats() const { return stats_; }
  [[nodiscard]] std::size_t prefix_pages() const { return prefixes_.pages(); }
  /// Free pages for somebody else, taken from what is remembered. False where running jobs hold
  /// them.
  bool make_room(std::size_t pages) { return prefixes_.make_room(pages); }
  /// Remembers for all tenants and for good: `table` holds the keys and values of `tokens`, whole
  /// pages. The pool must hold one more context beside them.
  void keep_for_everyone(std::span<const TokenId> tokens, const KvTable& table) {
    prefixes_.insert({PrefixSalt::everyone, false}, tokens, tokens.size(), table);
  }
  /// Forgets all that is remembered and not in use.
  void forget_prefixes() { prefixes_.make_room(pool_.pages_total()); }
  /// Seconds of a step of so many decoding jobs, as measured; 0: nothing was measured.
  [[nodiscard]] double decode_seconds(std::size_t jobs) const;
  /// Jobs of `priority` that would be admitted at once. Interactive ones take batch jobs' places.
  [[nodiscard]] std::size_t places(Priority priority) const;
  /// Seconds between two admissions while no place is free, from the rates measured so far; 0:
  /// nothing was measured.
  [[nodiscard]] double seconds_per_place() const;
  /// Calls use(tenant, priority, waiting jobs) for every queue that is not empty.
  template <typename Use>
  void for_each_queue(Use&& use) const {
    for (const auto& [id, tenant] : tenants_)
      for (const Priority priority : {Priority::Interactive, Priority::Batch})
        if (const auto& queue = tenant.waiting[static_cast<std::size_t>(priority)]; !queue.empty())
          use(id, priority, queue.size());
  }

 private:
  struct Tenant {
    std::deque<ScheduledJob*> waiting[2];  ///< by Priority
    std::size_t jobs = 0;                  ///< waiting or running
    double served = 0.0;                   ///< tokens of service: the least goes first
  };

  void grow_again();
  void begin_plan(SteadyTime now);
  void plan_prompts();
  void plan_prompt(ScheduledJob& job, std::size_t count);
  [[nodiscard]] std::size_t prompt_budget(std::size_t prompts) const;
  [[nodiscard]] std::size_t short_prompt_budget() const;
  [[nodiscard]] std::size_t tokens_in(double seconds, bool more) const;

  void admit(SteadyTime now);
  bool try_to_run(ScheduledJob& job);
  [[nodiscard]] ScheduledJob* youngest_batch_job() const;
  void promote_batch(SteadyTime now);
  void enqueue(ScheduledJob& job, bool first);
  void preempt(ScheduledJob& job);
  void reserve_next(ScheduledJob& job);
  void leave_batch(ScheduledJob& job);
  void remember(ScheduledJob& job);
  void forget_tenant(std::uint64_t tenant);
  [[nodiscard]] static PrefixSalt salt_of(const ScheduledJob& job) {
    return {job.tenant, job.rope_long};
  }
  [[nodiscard]] bool wants_long_rope(const ScheduledJob& job) const {
    return options_.long_rope_from != 0 && job.tokens().size() > options_.long_rope_from;
  }
  /// Tokens that are there and not computed.
  [[nodiscard]] static std::size_t left(const ScheduledJob& job) {
    return job.tokens().size() - job.computed;
  }
  [[nodiscard]] static bool is_decoding(const ScheduledJob& job) { return left(job) == 1; }

  KvPool& pool_;
  SchedulerOptions options_;
  PrefixTree prefixes_;
  std::map<std::uint64_t, Tenant> tenants_;  ///< those that have jobs
  std::vector<ScheduledJob*> running_;       ///< oldest admission first
  std::size_t waiting_count_ = 0;
  std::size_t parallel_now_;    ///< options_.parallel, or less after steps failed
  std::size_t chunk_now_;       ///< options_.chunk_max, likewise
  std::size_t good_steps_ = 0;  ///< since these were changed
  std::uint64_t order_ = 0;
  std::vector<PlannedRows> plan_;
  /// Seconds of a step of 2^i decoding jobs and no prompt; of a prompt's token; tokens of an
  /// answer. Moving averages, 0 where nothing was measured.
  std::array<double, 12> decode_seconds_{};
  double prompt_token_seconds_ = 0.0;
  double answer_tokens_ = 0.0;
  double admitted_tokens_ = 0.0;  ///< of a prompt, not found in the prefix tree
  SchedulerStats stats_;
};

template <typename Drafts>
const std::vector<PlannedRows>& Scheduler::plan(SteadyTime now, Drafts&& drafts) {
  begin_plan(now);
  for (ScheduledJob* job : running_) {
    if (!is_decoding(*job)) continue;
    std::size_t drafted = drafts(*job);
    // Guesses take no memory from anybody.
    if (drafted != 0 && !job->kv.reserve(job->computed + 1 + drafted)) drafted = 0;
    plan_.push_back({job, job->computed, 1, drafted});
    ++job->computed;
  }
  plan_prompts();
  return plan_;
}

}  // namespace croft
