#include "engine/drafter.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/machine_memory.h"
#include "engine/moving_average.h"
#include "engine/sampling.h"

namespace croft {
namespace {

/// Prompt tokens that the draft model reads at once, so that others' streams are not held up.
constexpr std::size_t chunk = 128;

Result<void> check_same_vocabulary(const Tokenizer& draft, const Tokenizer& large) {
  if (draft.size() != large.size())
    return fail(ErrorCode::Unsupported,
                "the draft model has " + std::to_string(draft.size()) + " tokens, the model " +
                    std::to_string(large.size()),
                "Choose a smaller model of the same family.", "draft");
  for (std::size_t i = 0; i < large.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (draft.piece(id) != large.piece(id))
      return fail(
          ErrorCode::Unsupported,
          "token " + std::to_string(i) + " of the draft model is another one than the model's",
          "Choose a smaller model of the same family.", "draft");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Drafter>> Drafter::create(std::shared_ptr<const Model> draft,
                                                 const Model& large, const DrafterOptions& options,
                                                 Isa isa, ThreadPool& pool) {
  if (draft->decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                "the draft model " + draft->info().name + " makes embeddings, not text",
                "Choose a smaller model of the same family.", "draft");
  TRY(check_same_vocabulary(draft->tokenizer(), large.tokenizer()));
  const auto vocabulary = static_cast<std::size_t>(
      std::min(draft->config().vocabulary_size, large.config().vocabulary_size));
  const std::size_t one = kv_page_count(options.context);
  std::size_t pages = one * options.sequences;
  const auto page_bytes = KvPool::page_bytes_of(draft->config(), options.kv_type);
  if (page_bytes && *page_bytes != 0)
    pages = std::clamp<std::size_t>(machine_memory().available / 4 / *page_bytes, one, pages);
  KvPool kv = TRY(KvPool::create(
      draft->config(), {.type = options.kv_type, .positions = pages * kv_block_positions}));
  return std::unique_ptr<Drafter>(
      new Drafter(std::move(draft), std::move(kv), vocabulary, isa, pool));
}

Drafter::Drafter(std::shared_ptr<const Model> draft, KvPool kv, std::size_t vocabulary, Isa isa,
                 ThreadPool& pool)
    : draft_(std::move(draft)),
      kv_(std::move(kv)),
      session_(*draft_->decoder(), kv_, isa, pool),
      vocabulary_(vocabulary) {}

std::unique_ptr<DraftState> Drafter::make_state() {
  auto state = std::make_unique<DraftState>(kv_);
  states_.push_back(state.get());
  return state;
}

void Drafter::forget(const DraftState& state) {
  std::erase(states_, &state);
}

double Drafter::seconds_to_read(const DraftState* state, std::size_t tokens) const {
  const std::size_t known = state == nullptr ? 0 : std::min(state->read_.size(), tokens);
  return static_cast<double>(tokens - known) * read_seconds_;
}

bool Drafter::make_room(DraftState& state, std::size_t positions) {
  while (!state.kv_.reserve(positions)) {
    // Who was not guessed for in this round gives its pages back, the least recent first.
    DraftState* victim = nullptr;
    for (DraftState* other : states_)
      if (other->used_ != round_ && !other->read_.empty() &&
          (victim == nullptr || other->used_ < victim->used_))
        victim = other;
    if (victim == nullptr) return false;
    victim->kv_.clear();
    victim->read_.clear();
  }
  return true;
}

/// Brings the state to what the sequence and its own guesses have in common. False: there is no
/// room.
bool Drafter::prepare(Wish& wish) {
  DraftState& state = *wish.state;
  const bool rope_long = draft_->decoder()->needs_long_rope(wish.tokens.size() + wish.count);
  if (rope_long != state.rope_long_) state.read_.clear();
  state.rope_long_ = rope_long;
  const auto [mine, theirs] = std::ranges::mismatch(state.read_, wish.tokens);
  // The last token is always read: its logits are the first guess.
  const auto common =
      std::min(static_cast<std::size_t>(mine - state.read_.begin()), wish.tokens.size() - 1);
  state.read_.resize(common);
  if (wish.tokens.size() + wish.count > draft_->config().context_length) return false;
  return make_room(state, wish.tokens.size() + wish.count);
}

void Drafter::add_rows(const Wish& wish, std::size_t count) {
  DraftState& state = *wish.state;
  const std::size_t first = state.read_.size();
  batch_.sequences.push_back({.kv = &state.kv_,
                              .first_row = batch_.tokens.size(),
                              .count = count,
                              .position = first,
                              .rope_long = state.rope_long_});
  for (std::size_t i = first; i < first + count; ++i) {
    const TokenId token =
        i < wish.tokens.size() ? wish.tokens[i] : (*wish.guesses)[i - wish.tokens.size()];
    batch_.tokens.push_back(token);
    state.read_.push_back(token);
  }
  if (state.read_.size() >= wish.tokens.size())
    batch_.output_rows.push_back(batch_.tokens.size() - 1);
}

/// One step for every wish that still wants something.
void Drafter::run(std::span<Wish> wishes) {
  batch_.tokens.clear();
  batch_.sequences.clear();
  batch_.output_rows.clear();
  std::vector<Wish*> guessing;
  for (Wish& wish : wishes) {
    if (wish.count == 0) continue;
    const std::size_t there = wish.tokens.size() + wish.guesses->size();
    const std::size_t left = there - wish.state->read_.size();
    add_rows(wish, std::min(left, chunk));
    if (left > chunk)
      wish.count = 0;  // goes on in the next round
    else
      guessing.push_back(&wish);
  }
  const auto begin = std::chrono::steady_clock::now();
  session_.forward(batch_);
  if (!guessing.empty()) {
    logits_.resize(guessing.size(), draft_->config().vocabulary_size);
    session_.logits(0, logits_.view());
  }
  for (std::size_t i = 0; i < guessing.size(); ++i) {
    Wish& wish = *guessing[i];
    const std::span<const float> logits = logits_.row(i).first(vocabulary_);
    // Broken weights guess nothing; the large model's answer does not depend on them.
    if (!all_finite(logits)) {
      wish.count = 0;
      continue;
    }
    wish.guesses->push_back(static_cast<TokenId>(index_of_largest(logits)));
    if (wish.guesses->size() >= wish.count) wish.count = 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const std::size_t rows = batch_.tokens.size();
  if (rows == guessing.size())
    add_to_average(token_seconds_, took.count());
  else if (rows >= 32)
    add_to_average(read_seconds_, took.count() / static_cast<double>(rows));
}

void Drafter::guess(std::span<Wish> wishes) {
  ++round_;
  for (Wish& wish : wishes) wish.state->used_ = round_;
  for (Wish& wish : wishes) {
    wish.guesses->clear();
    CHECK(wish.count > 0 && !wish.tokens.empty());
    if (!prepare(wish)) wish.count = 0;
  }
  while (std::ranges::any_of(wishes, [](const Wish& wish) { return wish.count != 0; })) run(wishes);
}

}  // namespace croft
