#include "engine/scheduler.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "engine/moving_average.h"

namespace croft {
namespace {

/// What a step may take, in steps that only decode: with the step itself less than three, which is
/// where people who read a stream begin to notice.
constexpr double prompt_share = 1.8;
/// Where more people wait for their first token than read, they get more: up to this.
constexpr double prompt_share_max = 8.0;
/// Short prompts are soon over: until then a step may take this long whatever it takes otherwise
/// (25 tokens a second, faster than people read).
constexpr double short_prompt_step_seconds = 0.040;
constexpr std::size_t short_prompt = 512;
/// Products take so many rows at once: one more costs as much as sixteen.
constexpr std::size_t kernel_rows = 16;
/// Chunks below this are not worth a step of their own.
constexpr std::size_t chunk_min = kernel_rows / 2;
/// After lack of memory.
constexpr std::size_t steps_until_growth = 64;
/// Before anything was measured.
constexpr std::size_t chunk_unmeasured = 64;
/// A generated token reads all weights: against a prompt's token, whose share of them is small.
constexpr double generated_token_cost = 4.0;
/// An answer's length before one has ended, where its request allows more.
constexpr std::size_t answer_tokens_guess = 256;

std::size_t bucket_of(std::size_t jobs, std::size_t buckets) {
  return std::min<std::size_t>(std::bit_width(jobs) - 1, buckets - 1);
}

}  // namespace

Scheduler::Scheduler(KvPool& pool, const SchedulerOptions& options)
    : pool_(pool),
      options_(options),
      prefixes_(pool),
      parallel_now_(options.parallel),
      chunk_now_(options.chunk_max) {
  CHECK(options.parallel > 0 && options.chunk_max > 0);
  // Lack of memory later must not come between two changes that belong together.
  running_.reserve(options.parallel);
  plan_.reserve(2 * options.parallel);
}

void Scheduler::add(ScheduledJob& job) {
  const auto [at, fresh] = tenants_.try_emplace(job.tenant);
  if (fresh && tenants_.size() > 1) {
    // Who was away has saved nothing up.
    double least = -1.0;
    for (const auto& [id, tenant] : tenants_)
      if (id != job.tenant && (least < 0.0 || tenant.served < least)) least = tenant.served;
    at->second.served = least;
  }
  ++at->second.jobs;
  enqueue(job, false);
}

void Scheduler::enqueue(ScheduledJob& job, bool first) {
  auto& queue = tenants_.at(job.tenant).waiting[static_cast<std::size_t>(job.priority)];
  if (first)
    queue.push_front(&job);
  else
    queue.push_back(&job);
  ++waiting_count_;
}

void Scheduler::remove(ScheduledJob& job) {
  if (job.order_ != 0) {
    add_to_average(answer_tokens_, static_cast<double>(job.tokens().size() - job.prompt_size));
    leave_batch(job);
  } else {
    std::size_t removed = 0;
    for (auto& queue : tenants_.at(job.tenant).waiting) removed += std::erase(queue, &job);
    CHECK(removed == 1);
    --waiting_count_;
  }
  forget_tenant(job.tenant);
}

void Scheduler::forget_tenant(std::uint64_t tenant) {
  const auto at = tenants_.find(tenant);
  if (--at->second.jobs == 0) tenants_.erase(at);
}

void Scheduler::leave_batch(ScheduledJob& job) {
  remember(job);
  job.kv.clear();
  prefixes_.keep_at_most(options_.prefix_pages_max);
  job.computed = 0;
  job.remembered_ = 0;
  job.order_ = 0;
  CHECK(std::erase(running_, &job) == 1);
}

void Scheduler::preempt(ScheduledJob& job) {
  ++stats_.preemptions_total;
  leave_batch(job);
  enqueue(job, true);
}

void Scheduler::remember(ScheduledJob& job) {
  if (!options_.prefix_cache || job.computed < job.remembered_ + kv_block_positions) return;
  job.remembered_ = job.computed / kv_block_positions * kv_block_positions;
  prefixes_.insert(salt_of(job), job.tokens(), job.remembered_, job.kv);
}

void Scheduler::promote_batch(SteadyTime now) {
  for (auto& [id, tenant] : tenants_) {
    auto& batch = tenant.waiting[static_cast<std::size_t>(Priority::Batch)];
    while (!batch.empty() && now - batch.front()->submitted >= options_.batch_patience) {
      batch.front()->priority = Priority::Interactive;
      tenant.waiting[static_cast<std::size_t>(Priority::Interactive)].push_back(batch.front());
      batch.pop_front();
    }
  }
}

ScheduledJob* Scheduler::youngest_batch_job() const {
  for (auto at = running_.rbegin(); at != running_.rend(); ++at)
    if ((*at)->priority == Priority::Batch) return *at;
  return nullptr;
}

void Scheduler::admit(SteadyTime now) {
  promote_batch(now);
  while (waiting_count_ != 0) {
    Tenant* next = nullptr;
    std::size_t priority = 0;
    for (; priority < 2 && next == nullptr; ++priority)
      for (auto& [id, tenant] : tenants_)
        if (!tenant.waiting[priority].empty() && (next == nullptr || tenant.served < next->served))
          next = &tenant;
    CHECK(next != nullptr);
    --priority;
    ScheduledJob& job = *next->waiting[priority].front();
    ScheduledJob* weaker = job.priority == Priority::Interactive ? youngest_batch_job() : nullptr;
    if (running_.size() >= parallel_now_ || !try_to_run(job)) {
      if (weaker == nullptr) return;
      preempt(*weaker);
      continue;
    }
    next->waiting[priority].pop_front();
    --waiting_count_;
    next->served += static_cast<double>(left(job));
    if (job.admissions == 1) add_to_average(admitted_tokens_, static_cast<double>(left(job)));
  }
}

bool Scheduler::try_to_run(ScheduledJob& job) {
  const std::span<const TokenId> tokens = job.tokens();
  CHECK(!tokens.empty() &&
        kv_page_count(tokens.size()) <= pool_.pages_total() - prefixes_.everyones_pages());
  job.rope_long = wants_long_rope(job);
  std::size_t found = 0;
  const bool looks_up = options_.prefix_cache || prefixes_.everyones_pages() != 0;
  // The last token is always computed: its logits are wanted.
  if (looks_up && (job.reuses_prefix || job.admissions != 0))
    found = prefixes_.match(salt_of(job), tokens, tokens.size() - 1, job.kv);
  const std::size_t missing = kv_page_count(tokens.size()) - job.kv.ids().size();
  if (!prefixes_.make_room(missing)) {
    job.kv.clear();
    return false;
  }
  CHECK(job.kv.reserve(tokens.size()));
  if (looks_up && job.reuses_prefix) {
    stats_.prefix_lookups_total += tokens.size();
    stats_.prefix_hits_total += found;
  }
  if (job.admissions == 0) job.reused = found;
  ++job.admissions;
  job.computed = found;
  job.short_prompt_ = left(job) <= short_prompt;
  job.remembered_ = found;
  job.order_ = ++order_;
  running_.push_back(&job);
  return true;
}

void Scheduler::reserve_next(ScheduledJob& job) {
  while (!job.kv.reserve(job.tokens().size())) {
    if (prefixes_.make_room(kv_page_count(job.tokens().size()) - job.kv.ids().size())) continue;
    // The youngest of the lowest class makes room; the oldest job is never the victim of another,
    // and the pool holds one whole context: somebody always gets on.
    ScheduledJob* victim = youngest_batch_job();
    if (victim == nullptr) victim = running_.back();
    const bool self = victim == &job;
    preempt(*victim);
    if (self) return;
  }
}

void Scheduler::begin_plan(SteadyTime now) {
  plan_.clear();
  for (ScheduledJob* job : running_) {
    remember(*job);
    if (wants_long_rope(*job) == job->rope_long) continue;
    // Keys of the two regimes do not mix: the sequence is computed again.
    job->rope_long = !job->rope_long;
    job->computed = 0;
    job->remembered_ = 0;
    job->kv.clear();  // what the tree shares must not be written
  }
  // A copy: making room for one may take another out.
  const std::vector<ScheduledJob*> jobs = running_;
  for (ScheduledJob* job : jobs)
    if (job->order_ != 0) reserve_next(*job);
  admit(now);
}

double Scheduler::decode_seconds(std::size_t jobs) const {
  if (jobs == 0) return 0.0;
  const std::size_t wanted = bucket_of(jobs, decode_seconds_.size());
  // The nearest that was measured; fewer jobs rather than more.
  for (std::size_t i = wanted + 1; i-- > 0;)
    if (decode_seconds_[i] != 0.0) return decode_seconds_[i];
  for (const double seconds : decode_seconds_)
    if (seconds != 0.0) return seconds;
  return 0.0;
}

std::size_t Scheduler::prompt_budget(std::size_t prompts) const {
  const std::size_t decoding = plan_.size();
  if (decoding == 0) return chunk_now_;
  const double step = decode_seconds(decoding);
  if (step == 0.0 || prompt_token_seconds_ == 0.0) return std::min(chunk_unmeasured, chunk_now_);
  const double wanted = static_cast<double>(prompts) / static_cast<double>(decoding);
  const double share = prompt_share * std::clamp(wanted, 1.0, prompt_share_max / prompt_share);
  return tokens_in(share * step, false);
}

std::size_t Scheduler::short_prompt_budget() const {
  const double step = decode_seconds(plan_.size());
  if (step == 0.0 || prompt_token_seconds_ == 0.0 || step >= short_prompt_step_seconds) return 0;
  return tokens_in(short_prompt_step_seconds - step, true);
}

/// Prompt tokens that take about so long, between the shortest and the longest chunk: with the
/// decoding rows as many as the kernels take together, or `more` than that.
std::size_t Scheduler::tokens_in(double seconds, bool more) const {
  const double tokens = std::min(seconds / prompt_token_seconds_, 1e9);
  const std::size_t decoding = plan_.size();
  std::size_t rows = decoding + static_cast<std::size_t>(tokens) + (more ? kernel_rows - 1 : 0);
  rows = rows / kernel_rows * kernel_rows;
  while (rows < decoding + chunk_min) rows += kernel_rows;
  return std::min(rows - decoding, chunk_now_);
}

void Scheduler::plan_prompt(ScheduledJob& job, std::size_t count) {
  plan_.push_back({&job, job.computed, count, 0});
  job.computed += count;
}

void Scheduler::plan_prompts() {
  std::vector<ScheduledJob*> prompts;
  // Of who decodes, the last token is planned already.
  for (ScheduledJob* job : running_)
    if (left(*job) != 0) prompts.push_back(job);
  if (prompts.empty()) return;
  const std::size_t fair = prompt_budget(prompts.size());
  // Half for the oldest, the rest for the shortest: no long prompt holds up the short ones, and no
  // stream of short ones holds up the long.
  ScheduledJob& oldest = *prompts.front();
  std::ranges::sort(prompts, [&](const ScheduledJob* a, const ScheduledJob* b) {
    return std::pair(left(*a), a->order_) < std::pair(left(*b), b->order_);
  });
  const std::size_t of_oldest = std::min((fair + 1) / 2, left(oldest));
  std::size_t brief = of_oldest;
  for (const ScheduledJob* job : prompts)
    if (job->short_prompt_) brief += left(*job) - (job == &oldest ? of_oldest : 0);
  std::size_t budget = std::max(fair, std::min(brief, short_prompt_budget())) - of_oldest;
  for (ScheduledJob* job : prompts) {
    std::size_t count = std::min(budget, left(*job) - (job == &oldest ? of_oldest : 0));
    budget -= count;
    if (job == &oldest) count += of_oldest;
    if (count != 0) plan_prompt(*job, count);
  }
}

void Scheduler::stepped(double seconds) {
  grow_again();
  std::size_t decoding = 0, prompt_tokens = 0;
  for (const PlannedRows& rows : plan_) {
    if (rows.count == 1 && rows.first + 1 >= rows.job->prompt_size)
      decoding += 1 + rows.drafted;
    else
      prompt_tokens += rows.count;
  }
  if (prompt_tokens == 0 && decoding != 0) {
    add_to_average(decode_seconds_[bucket_of(decoding, decode_seconds_.size())], seconds);
  } else if (prompt_tokens >= chunk_min) {
    const double decode = decode_seconds(decoding);
    if (decoding == 0 || (decode != 0.0 && seconds > decode))
      add_to_average(prompt_token_seconds_,
                     (seconds - decode) / static_cast<double>(prompt_tokens));
  }
  for (const PlannedRows& rows : plan_) {
    const auto at = tenants_.find(rows.job->tenant);
    if (at != tenants_.end() && rows.first >= rows.job->prompt_size)
      at->second.served += generated_token_cost * static_cast<double>(rows.count);
  }
}

void Scheduler::step_failed() {
  for (const PlannedRows& rows : plan_)
    if (rows.job->order_ != 0) rows.job->computed = std::min(rows.job->computed, rows.first);
  plan_.clear();
  parallel_now_ = std::max<std::size_t>(1, running_.size() / 2);
  chunk_now_ = std::max(chunk_now_ / 2, std::min(chunk_min, options_.chunk_max));
  good_steps_ = 0;
  while (running_.size() > parallel_now_) preempt(*running_.back());
}

void Scheduler::grow_again() {
  if (parallel_now_ == options_.parallel && chunk_now_ == options_.chunk_max) return;
  if (++good_steps_ < steps_until_growth) return;
  good_steps_ = 0;
  parallel_now_ = std::min(parallel_now_ * 2, options_.parallel);
  chunk_now_ = std::min(chunk_now_ * 2, options_.chunk_max);
}

std::size_t Scheduler::places(Priority priority) const {
  // Who waits already finds no place: of memory, if not of sequences.
  std::size_t taken = running_.size(), before = waiting_count_;
  if (priority == Priority::Interactive) {
    taken -= static_cast<std::size_t>(
        std::ranges::count(running_, Priority::Batch, &ScheduledJob::priority));
    before = 0;
    for_each_queue([&](std::uint64_t, Priority queue, std::size_t count) {
      if (queue == Priority::Interactive) before += count;
    });
  }
  return before != 0 || taken >= parallel_now_ ? 0 : parallel_now_ - taken;
}

double Scheduler::seconds_per_place() const {
  double answer = answer_tokens_;
  if (answer == 0.0 && !running_.empty()) {
    for (const ScheduledJob* job : running_)
      answer += static_cast<double>(job->answer_max == 0
                                        ? answer_tokens_guess
                                        : std::min(job->answer_max, answer_tokens_guess));
    answer /= static_cast<double>(running_.size());
  }
  // All places would be taken by then, or as many as memory allows.
  const std::size_t places = waiting_count_ != 0 ? running_.size() : parallel_now_;
  // While one job is in its place, every other place computes a prompt as well.
  return answer * decode_seconds(places) / static_cast<double>(std::max<std::size_t>(places, 1)) +
         admitted_tokens_ * prompt_token_seconds_;
}

}  // namespace croft
