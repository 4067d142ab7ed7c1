#pragma once
/// A small model that guesses what a large one will say next. The large one computes the guesses
/// beside its next token and draws from its own distribution at each, so that what is generated is
/// the same with and without.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "model/decoder.h"
#include "model/kv_pool.h"
#include "model/model.h"

namespace croft {

struct DrafterOptions {
  std::size_t context = 0;    ///< of the large model's sequences
  std::size_t sequences = 1;  ///< that are guessed for at once
  TensorType kv_type = TensorType::F16;
};

/// What the draft model has read of one sequence.
class DraftState {
 public:
  explicit DraftState(KvPool& pool) : kv_(pool) {}

 private:
  friend class Drafter;
  KvTable kv_;
  std::vector<TokenId> read_;  ///< tokens whose keys are in kv_; the last ones may be guesses
  bool rope_long_ = false;
  std::uint64_t used_ = 0;  ///< round of the last use
};

/// Used by the engine's owner thread only. Outlives the states it made.
class Drafter {
 public:
  /// Errors: Unsupported (the vocabularies differ: the first difference named; an encoder);
  /// TooLarge (no memory for its keys and values).
  static Result<std::unique_ptr<Drafter>> create(std::shared_ptr<const Model> draft,
                                                 const Model& large, const DrafterOptions& options,
                                                 Isa isa, ThreadPool& pool);

  struct Wish {
    DraftState* state = nullptr;
    std::span<const TokenId> tokens;          ///< the sequence so far
    std::size_t count = 0;                    ///< guesses, at least 1
    std::vector<TokenId>* guesses = nullptr;  ///< filled; empty while the prompt is being read
  };
  /// Guesses for all; a long prompt is read over several calls.
  void guess(std::span<Wish> wishes);

  [[nodiscard]] std::unique_ptr<DraftState> make_state();
  void forget(const DraftState& state);
  /// Seconds of one guessed token; 0: not measured.
  [[nodiscard]] double token_seconds() const { return token_seconds_; }
  /// Seconds until the draft model has read `tokens`, by measured rates.
  [[nodiscard]] double seconds_to_read(const DraftState* state, std::size_t tokens) const;
  /// Returns memory that nothing needs to the system.
  void trim() { kv_.trim(); }

 private:
  Drafter(std::shared_ptr<const Model> draft, KvPool kv, std::size_t vocabulary, Isa isa,
          ThreadPool& pool);

  bool prepare(Wish& wish);
  bool make_room(DraftState& state, std::size_t positions);
  void add_rows(const Wish& wish, std::size_t count);
  void run(std::span<Wish> wishes);

  std::shared_ptr<const Model> draft_;
  KvPool kv_;
  DecoderSession session_;
  std::size_t vocabulary_;  ///< of both models: what lies beyond is padding
  std::vector<DraftState*> states_;
  std::uint64_t round_ = 0;
  Batch batch_;
  Buffer logits_;
  double token_seconds_ = 0.0;
  double read_seconds_ = 0.0;  ///< of a prompt's token
};

}  // namespace croft
