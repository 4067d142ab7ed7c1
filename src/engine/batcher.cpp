#include "engine/batcher.h"

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "engine/prefix_file.h"
#include "model/embedding_math.h"
#include "model/memory_plan.h"

namespace croft {
namespace {

/// Rows whose logits are computed at once: 16 x 262,144 floats (Gemma) are 16 MiB.
constexpr std::size_t kLogitRows = 16;
/// Eight rows are what a step takes at little more than the price of one.
constexpr std::size_t kGuessRows = 8;
/// A draft model costs this much of a step before it was measured.
constexpr double kDraftCost = 0.25;

Error deadline_exceeded() {
  return {.code = ErrorCode::DeadlineExceeded,
          .message = "the deadline passed before the answer was complete",
          .hint = "Give it more time, ask for fewer tokens, or try when fewer requests run.",
          .field = "deadline_ms"};
}

double seconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

SchedulerOptions scheduler_options(const Model& model, const EngineOptions& options,
                                   const KvPool& kv) {
  return {.parallel = options.parallel,
          .chunk_max = options.prefill_chunk,
          .long_rope_from = model.config().rope.original_context,
          .prefix_cache = options.prefix_cache,
          .prefix_pages_max = options.prefix_bytes / kv.page_bytes()};
}

}  // namespace

Result<std::unique_ptr<Batcher>> Batcher::create(const Model& model, const EngineOptions& options,
                                                 Isa isa, ThreadPool& pool) {
  const std::size_t one = kv_page_count(options.context);
  std::size_t pages = (options.parallel + 1) * one;
  // Requests seldom fill their context.
  const auto page_bytes = KvPool::page_bytes_of(model.config(), options.kv_type);
  const std::uint64_t promised = kv_bytes_promised(machine_memory());
  if (page_bytes && *page_bytes != 0)
    pages = std::clamp<std::size_t>(promised / *page_bytes, one, pages);
  std::vector<PrefixFile> prefixes;
  for (const std::filesystem::path& path : options.prefixes) {
    prefixes.push_back(TRY(PrefixFile::open(path, model, options.kv_type)));
    pages += prefixes.back().page_count();
  }
  const std::size_t positions = pages * kv_block_positions;
  KvPool kv =
      TRY(KvPool::create(model.config(), {.type = options.kv_type, .positions = positions}));
  std::unique_ptr<Drafter> drafter;
  if (options.draft != nullptr)
    drafter = TRY(Drafter::create(options.draft, model,
                                  {.context = options.context,
                                   .sequences = std::min(options.parallel, kGuessRows / 2),
                                   .kv_type = options.kv_type},
                                  isa, pool));
  std::unique_ptr<Batcher> batcher(
      new Batcher(model, options, std::move(kv), std::move(drafter), isa, pool));
  for (const PrefixFile& prefix : prefixes) {
    KvTable table(batcher->kv_);
    TRY(prefix.load(model, batcher->kv_, table, isa, pool));
    batcher->scheduler_.keep_for_everyone(prefix.tokens(), table);
  }
  return batcher;
}

Batcher::~Batcher() = default;

void Batcher::trim() {
  kv_.trim();
  if (drafter_) drafter_->trim();
}

Batcher::Batcher(const Model& model, const EngineOptions& options, KvPool kv,
                 std::unique_ptr<Drafter> drafter, Isa isa, ThreadPool& pool)
    : model_(model),
      options_(options),
      pool_(pool),
      kv_(std::move(kv)),
      session_(*model.decoder(), kv_, isa, pool),
      drafter_(std::move(drafter)),
      scheduler_(kv_, scheduler_options(model, options, kv_)) {}

void Batcher::fill(EngineStats& stats) const {
  stats.requests_running = scheduler_.running().size();
  stats.kv_positions_used = 0;
  for (const ScheduledJob* job : scheduler_.running()) stats.kv_positions_used += job->computed;
  stats.kv_bytes = kv_.pages_resident() * kv_.page_bytes();
  stats.prefix_pages = scheduler_.prefix_pages();
  stats.prefix_lookups_total = scheduler_.stats().prefix_lookups_total;
  stats.prefix_hits_total = scheduler_.stats().prefix_hits_total;
  stats.preemptions_total = scheduler_.stats().preemptions_total;
  stats.guessed_tokens_total = guessed_total_;
  stats.guessed_held_total = held_total_;
}

void Batcher::fill(Admission& admission) const {
  admission.reset(scheduler_.places(Priority::Interactive), scheduler_.places(Priority::Batch),
                  scheduler_.seconds_per_place());
  scheduler_.for_each_queue([&](std::uint64_t tenant, Priority priority, std::size_t count) {
    admission.waits(*tenant_names_[tenant], priority, count);
  });
}

void Batcher::add(std::unique_ptr<Sequence> sequence) {
  try {
    // Numbers given in turn: tenants that a hash would confuse stay apart.
    const auto [at, fresh] = tenants_.try_emplace(sequence->request().tenant, tenants_.size());
    if (fresh) tenant_names_.push_back(&at->first);
    sequence->tenant = at->second;
    if (sequences_.size() == sequences_.capacity()) sequences_.reserve(2 * sequences_.size() + 16);
    scheduler_.add(*sequence);
  } catch (const std::bad_alloc&) {
    return sequence->finish(out_of_memory());
  }
  sequences_.push_back(std::move(sequence));
}

std::size_t Batcher::guesses_allowed(const ScheduledJob& job) const {
  if (!options_.prompt_lookup && drafter_ == nullptr) return 0;
  const std::size_t allowed = kGuessRows / scheduler_.running().size();
  if (allowed < 2) return 0;
  const std::size_t length = job.tokens().size();
  std::size_t end = options_.context;
  const std::size_t border = model_.config().rope.original_context;
  if (border != 0 && length <= border) end = std::min(end, border);
  return std::min(allowed - 1, end - std::min(end, length));
}

/// Guesses what running sequences say next: from their own text, else by the draft model.
void Batcher::guess() {
  std::vector<Sequence*> unguessed;
  for (ScheduledJob* job : scheduler_.running()) {
    auto& s = static_cast<Sequence&>(*job);
    s.guesses().clear();
    const bool decodes = s.computed + 1 == s.tokens().size();
    const std::size_t allowed = decodes ? guesses_allowed(s) : 0;
    if (options_.prompt_lookup) s.look_up_guesses(allowed);
    // The first token waits for no draft model to read the prompt.
    if (drafter_ && allowed != 0 && s.generated() != 0 && s.guesses().empty())
      unguessed.push_back(&s);
  }
  if (!unguessed.empty()) draft(unguessed);
}

void Batcher::draft(std::span<Sequence* const> sequences) {
  wishes_.clear();
  const double step = scheduler_.decode_seconds(scheduler_.running().size());
  const double each = drafter_->token_seconds();
  double cost = options_.draft_cost;
  if (cost == 0.0) cost = step == 0.0 || each == 0.0 ? kDraftCost : each / step;
  for (Sequence* s : sequences) {
    const std::size_t count = s->drafts_wanted(cost, guesses_allowed(*s));
    if (count == 0) continue;
    // Reading a long prompt for a short answer saves nothing.
    const double saved =
        0.25 * step * static_cast<double>(std::min<std::size_t>(s->tokens_left(), 256));
    if (step != 0.0 && drafter_->seconds_to_read(s->draft.get(), s->tokens().size()) > saved)
      continue;
    if (s->draft == nullptr) s->draft = drafter_->make_state();
    wishes_.push_back({s->draft.get(), s->tokens(), count, &s->guesses()});
  }
  if (!wishes_.empty()) drafter_->guess(wishes_);
}

void Batcher::add_rows(const PlannedRows& rows) {
  auto& s = static_cast<Sequence&>(*rows.job);
  const std::size_t first_row = batch_.tokens.size();
  batch_.sequences.push_back({.kv = &s.kv,
                              .first_row = first_row,
                              .count = rows.count + rows.drafted,
                              .position = rows.first,
                              .rope_long = s.rope_long});
  for (std::size_t i = 0; i < rows.count; ++i) {
    const std::size_t position = rows.first + i;
    batch_.tokens.push_back(s.tokens()[position]);
    const bool last = position + 1 == s.tokens().size();
    const bool samples = last && s.request().tokens_max > s.generated();
    if (!samples && !s.wants_prompt_row(position)) continue;
    batch_.output_rows.push_back(first_row + i);
    runs_.push_back({wanted_.size(), 1});
    wanted_.push_back({&s, position, samples, std::nullopt});
  }
  for (const TokenId guess : std::span(s.guesses()).first(rows.drafted)) {
    batch_.output_rows.push_back(batch_.tokens.size());
    batch_.tokens.push_back(guess);
    wanted_.back().guess = guess;
    wanted_.push_back({&s, wanted_.back().position + 1, true, std::nullopt});
    ++runs_.back().count;
  }
  if (rows.first < s.prompt_size) counted_.prompt_tokens += rows.count;
}

void Batcher::begin_batch(const std::vector<PlannedRows>& plan) {
  batch_.tokens.clear();
  batch_.sequences.clear();
  batch_.output_rows.clear();
  wanted_.clear();
  runs_.clear();
  const auto now = std::chrono::steady_clock::now();
  for (const PlannedRows& rows : plan) {
    static_cast<Sequence&>(*rows.job).start(now);
    add_rows(rows);
  }
}

Batcher::StepCount Batcher::step() {
  counted_ = {};
  end_what_must_end();
  remove_finished();
  if (sequences_.empty()) return counted_;
  try {
    compute_step();
    failures_ = 0;
  } catch (const std::bad_alloc&) {
    after_lack_of_memory();
  }
  remove_finished();
  return counted_;
}

void Batcher::end_what_must_end() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& sequence : sequences_) {
    if (sequence->finished()) continue;
    if (sequence->lost_event())
      sequence->finish(out_of_memory());
    else if (sequence->cancelled())
      sequence->finish(FinishReason::Cancelled, now);
    else if (sequence->overdue(now))
      sequence->finish(deadline_exceeded());
  }
}

void Batcher::after_lack_of_memory() {
  ++failures_;
  log_warning("no memory for a step of " + std::to_string(scheduler_.running().size()) +
              " sequences; some are put back into the queue");
  const std::size_t running = scheduler_.running().size();
  scheduler_.step_failed();
  scheduler_.forget_prefixes();
  if (drafter_)
    for (const auto& sequence : sequences_)
      if (sequence->draft) drafter_->forget(*std::exchange(sequence->draft, nullptr));
  trim();
  if (running > 1 || failures_ < 3) {
    // Others may give memory back in the meantime.
    if (running <= 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return;
  }
  // Not even one sequence alone: the oldest that waits ends, so that something does.
  for (const auto& sequence : sequences_)
    if (!sequence->finished()) return sequence->finish(out_of_memory());
}

void Batcher::compute_step() {
  guess();
  const auto planned = std::chrono::steady_clock::now();
  const std::vector<PlannedRows>& plan = scheduler_.plan(
      planned, [&](ScheduledJob& job) { return static_cast<Sequence&>(job).guesses().size(); });
  CHECK(!plan.empty());
  begin_batch(plan);
  session_.forward(batch_);
  // Before the tokens are drawn: a sequence that ends now tells what it took.
  const auto computed = std::chrono::steady_clock::now();
  share_out(plan, seconds(planned, computed) + std::exchange(unshared_seconds_, 0.0));
  consume_logits();
  for (const PlannedRows& rows : plan) {
    auto& s = static_cast<Sequence&>(*rows.job);
    if (s.finished() || s.computed < s.prompt_size) continue;
    s.prompt_done();
    if (s.request().tokens_max == 0)
      s.finish(FinishReason::Length, std::chrono::steady_clock::now());
  }
  const auto done = std::chrono::steady_clock::now();
  unshared_seconds_ =
      sequences_.size() > 1 || !sequences_.front()->finished() ? seconds(computed, done) : 0.0;
  scheduler_.stepped(seconds(planned, done));
}

/// By rows: what a row costs hardly depends on whose it is.
void Batcher::share_out(const std::vector<PlannedRows>& plan, double seconds) {
  const double each = seconds / static_cast<double>(batch_.tokens.size());
  for (const PlannedRows& rows : plan)
    static_cast<Sequence&>(*rows.job).compute_seconds +=
        each * static_cast<double>(rows.count + rows.drafted);
}

void Batcher::consume_logits() {
  drawn_.assign(wanted_.size(), std::nullopt);
  for (std::size_t run = 0; run < runs_.size();) {
    // Whole runs, as many as fit.
    const std::size_t first_run = run, first = runs_[run].first;
    std::size_t count = 0;
    while (run < runs_.size() && (count == 0 || count + runs_[run].count <= kLogitRows))
      count += runs_[run++].count;
    logits_.resize(count, model_.config().vocabulary_size);
    session_.logits(first, logits_.view());
    pool_.parallel_for(run - first_run, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) draw(runs_[first_run + i], first);
    });
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = first_run; i < run; ++i) {
      try {
        consume(runs_[i], first, now);
      } catch (const std::bad_alloc&) {
        wanted_[runs_[i].first].sequence->lose_event();
      }
    }
  }
}

void Batcher::draw(WantedRun run, std::size_t first_logits) {
  for (std::size_t i = run.first; i < run.first + run.count; ++i) {
    const WantedRow& row = wanted_[i];
    if (!row.samples) return;
    drawn_[i] = row.sequence->draw(logits_.row(i - first_logits));
    // The next row computed a guess: it counts only where the guess was drawn.
    if (!drawn_[i] || !row.guess || drawn_[i]->id != *row.guess) return;
  }
}

void Batcher::consume(WantedRun run, std::size_t first_logits, SteadyTime now) {
  Sequence& s = *wanted_[run.first].sequence;
  std::size_t held = 0;
  for (std::size_t i = run.first; i < run.first + run.count; ++i) {
    const WantedRow& row = wanted_[i];
    if (s.finished()) return;
    if (!row.samples) {
      if (all_finite(logits_.row(i - first_logits)))
        s.score_prompt(row.position, logits_.row(i - first_logits));
      else
        s.finish(not_numbers());
      return;
    }
    if (!drawn_[i]) return s.finish(not_numbers());
    s.prompt_done();
    const bool holds = row.guess && drawn_[i]->id == *row.guess;
    const bool room = s.tokens().size() < options_.context;
    s.append(std::move(*drawn_[i]), room, now, model_.tokenizer().end_tokens());
    counted_.generated_tokens += 1;
    if (!holds || s.finished()) break;
    scheduler_.accept_drafts(s, 1);
    ++held;
  }
  guessed_total_ += run.count - 1;
  held_total_ += held;
  s.guessed(run.count - 1, held);
}

void Batcher::remove_finished() {
  std::erase_if(sequences_, [&](const std::unique_ptr<Sequence>& sequence) {
    if (!sequence->finished()) return false;
    scheduler_.remove(*sequence);
    if (sequence->draft) drafter_->forget(*sequence->draft);
    return true;
  });
}

void Batcher::cancel_all() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& sequence : sequences_) {
    if (sequence->lost_event())
      sequence->finish(out_of_memory());  // whoever missed a part must not hear of an ordinary end
    else
      sequence->finish(FinishReason::Cancelled, now);
  }
  for (const auto& sequence : sequences_) scheduler_.remove(*sequence);
  sequences_.clear();
}

Result<std::vector<float>> Batcher::embed(const std::vector<TokenId>& tokens,
                                          const std::stop_token& cancel) {
  KvTable kv(kv_);
  if (!scheduler_.make_room(kv_page_count(tokens.size())) || !kv.reserve(tokens.size()))
    return fail(ErrorCode::Busy, "running requests hold the memory that this input needs",
                "Try again later.");
  std::vector<float> vector;
  for (std::size_t done = 0; done < tokens.size();) {
    if (cancel.stop_requested()) return fail(ErrorCode::Cancelled, "the caller went away");
    const std::size_t count = std::min(options_.prefill_chunk, tokens.size() - done);
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(done);
    batch_.tokens.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    batch_.sequences = {{.kv = &kv,
                         .count = count,
                         .position = done,
                         .rope_long = model_.decoder()->needs_long_rope(tokens.size())}};
    done += count;
    batch_.output_rows.clear();
    if (done == tokens.size()) batch_.output_rows.push_back(count - 1);
    session_.forward(batch_);
  }
  const std::span<float> hidden = session_.hidden().row(0);
  vector.assign(hidden.begin(), hidden.end());
  normalize_length(vector);
  return vector;
}

}  // namespace croft
