#include "engine/batcher.h"

#include <algorithm>

#include "base/check.h"
#include "model/embedding_math.h"

namespace croft {
namespace {

/// Rows whose logits are computed at once: 16 x 262,144 floats (Gemma) are 16 MiB.
constexpr std::size_t kLogitRows = 16;

}  // namespace

Result<std::unique_ptr<Batcher>> Batcher::create(const Model& model, const EngineOptions& options,
                                                 Isa isa, ThreadPool& pool) {
  // Checked: a sum of 1025 contexts of at most 2^20 positions.
  const std::size_t positions =
      (options.parallel + 1) * kv_page_count(options.context) * kv_block_positions;
  KvPool kv =
      TRY(KvPool::create(model.config(), {.type = options.kv_type, .positions = positions}));
  return std::unique_ptr<Batcher>(new Batcher(model, options, std::move(kv), isa, pool));
}

Batcher::Batcher(const Model& model, const EngineOptions& options, KvPool kv, Isa isa,
                 ThreadPool& pool)
    : model_(model),
      options_(options),
      pool_(pool),
      kv_(std::move(kv)),
      session_(*model.decoder(), kv_, isa, pool) {}

std::size_t Batcher::positions_used() const {
  std::size_t used = 0;
  for (const auto& sequence : sequences_) used += sequence->computed;
  return used;
}

void Batcher::add(std::unique_ptr<Sequence> sequence) {
  CHECK(has_room());
  sequence->kv.emplace(kv_);
  sequence->start(std::chrono::steady_clock::now());
  sequences_.push_back(std::move(sequence));
}

void Batcher::plan_sequence(Sequence& s, std::size_t count) {
  const std::size_t first_row = batch_.tokens.size();
  CHECK(s.kv->reserve(s.computed + count));  // the pool holds every sequence's whole context
  batch_.sequences.push_back({.kv = &*s.kv,
                              .first_row = first_row,
                              .count = count,
                              .position = s.computed,
                              .rope_long = s.rope_long});
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t position = s.computed + i;
    batch_.tokens.push_back(s.tokens()[position]);
    const bool last = position + 1 == s.tokens().size();
    const bool samples = last && s.request().tokens_max > s.generated();
    if (!samples && !s.wants_prompt_row(position)) continue;
    batch_.output_rows.push_back(first_row + i);
    wanted_.push_back({&s, position, samples});
  }
  s.computed += count;
}

void Batcher::plan() {
  batch_.tokens.clear();
  batch_.sequences.clear();
  batch_.output_rows.clear();
  wanted_.clear();
  const Decoder& decoder = *model_.decoder();
  std::size_t budget = options_.prefill_chunk;
  for (const auto& sequence : sequences_) {
    Sequence& s = *sequence;
    const bool wants_long = decoder.needs_long_rope(s.tokens().size());
    if (wants_long != s.rope_long) {
      s.rope_long = wants_long;
      s.computed = 0;  // keys of the two regimes do not mix: compute the sequence again
    }
    const std::size_t left = s.tokens().size() - s.computed;
    const std::size_t count = left == 1 ? 1 : std::min(left, budget);
    if (count == 0) continue;
    if (left > 1) budget -= count;
    const bool prompt = s.computed < s.request().prompt.size();
    if (prompt) counted_.prompt_tokens += count;
    plan_sequence(s, count);
  }
}

Batcher::StepCount Batcher::step() {
  counted_ = {};
  const auto now = std::chrono::steady_clock::now();
  for (const auto& sequence : sequences_)
    if (sequence->cancelled()) sequence->finish(FinishReason::Cancelled, now);
  remove_finished();
  if (sequences_.empty()) return counted_;
  plan();
  session_.forward(batch_);
  consume_logits();
  for (const auto& sequence : sequences_) {
    Sequence& s = *sequence;
    if (s.finished() || s.computed < s.request().prompt.size()) continue;
    s.prompt_done();
    if (s.request().tokens_max == 0)
      s.finish(FinishReason::Length, std::chrono::steady_clock::now());
  }
  remove_finished();
  return counted_;
}

void Batcher::consume_logits() {
  for (std::size_t first = 0; first < wanted_.size(); first += kLogitRows) {
    const std::size_t count = std::min(kLogitRows, wanted_.size() - first);
    logits_.resize(count, model_.config().vocabulary_size);
    session_.logits(first, logits_.view());
    // A sequence samples in one row at most.
    drawn_.assign(count, std::nullopt);
    pool_.parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const WantedRow& row = wanted_[first + i];
        if (row.samples && !row.sequence->wants_prompt_row(row.position))
          drawn_[i] = row.sequence->draw(logits_.row(i));
      }
    });
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      const WantedRow& row = wanted_[first + i];
      Sequence& s = *row.sequence;
      if (s.finished()) continue;
      if (s.wants_prompt_row(row.position)) {
        if (all_finite(logits_.row(i)))
          s.score_prompt(row.position, logits_.row(i));
        else
          s.finish(not_numbers());
        continue;
      }
      if (!row.samples) continue;
      if (!drawn_[i]) {
        s.finish(not_numbers());
        continue;
      }
      s.prompt_done();
      const bool room = s.tokens().size() < options_.context;
      s.append(std::move(*drawn_[i]), room, now, model_.tokenizer().end_tokens());
      counted_.generated_tokens += 1;
    }
  }
}

void Batcher::remove_finished() {
  std::erase_if(sequences_, [&](const std::unique_ptr<Sequence>& sequence) {
    if (!sequence->finished()) return false;
    return true;
  });
}

void Batcher::cancel_all() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& sequence : sequences_) sequence->finish(FinishReason::Cancelled, now);
  remove_finished();
}

Result<std::vector<float>> Batcher::embed(const std::vector<TokenId>& tokens,
                                          const std::stop_token& cancel) {
  KvTable kv(kv_);
  CHECK(kv.reserve(tokens.size()));
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
