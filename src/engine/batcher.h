#pragma once
/// The continuous batch: sequences join and leave between steps. Used by the engine's owner thread
/// only.

#include <memory>
#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/sequence.h"
#include "model/decoder.h"

namespace croft {

class Batcher {
 public:
  /// Pages for one sequence more than options.parallel are there for embeddings by text models.
  static Result<std::unique_ptr<Batcher>> create(const Model& model, const EngineOptions& options,
                                                 Isa isa, ThreadPool& pool);

  [[nodiscard]] bool has_room() const { return sequences_.size() < options_.parallel; }
  [[nodiscard]] bool idle() const { return sequences_.empty(); }
  [[nodiscard]] std::size_t running() const { return sequences_.size(); }
  [[nodiscard]] std::size_t positions_used() const;
  [[nodiscard]] const KvPool& kv() const { return kv_; }
  /// Returns memory that no sequence uses to the system.
  void trim() { kv_.trim(); }
  struct StepCount {
    std::size_t prompt_tokens = 0;
    std::size_t generated_tokens = 0;
  };

  /// Requires has_room().
  void add(std::unique_ptr<Sequence> sequence);
  /// One forward pass: every decoding sequence advances by one token, and up to prefill_chunk
  /// prompt tokens of waiting prompts are computed, oldest first. Finished and cancelled sequences
  /// leave.
  StepCount step();
  /// Ends every sequence.
  void cancel_all();

  /// Final hidden state of the last token, normalised. `cancelled` is asked between chunks; true
  /// ends with Cancelled.
  Result<std::vector<float>> embed(const std::vector<TokenId>& tokens,
                                   const std::stop_token& cancel);

 private:
  Batcher(const Model& model, const EngineOptions& options, KvPool kv, Isa isa, ThreadPool& pool);

  /// A row whose logits somebody needs.
  struct WantedRow {
    Sequence* sequence = nullptr;
    std::size_t position = 0;
    bool samples =
        false;  ///< the last computed token: the next one is drawn here; else it scores the prompt
  };
  void plan();
  void plan_sequence(Sequence& sequence, std::size_t count);
  void consume_logits();
  void remove_finished();

  const Model& model_;
  EngineOptions options_;
  ThreadPool& pool_;
  KvPool kv_;
  DecoderSession session_;
  std::vector<std::unique_ptr<Sequence>> sequences_;  ///< oldest first
  Batch batch_;
  std::vector<WantedRow> wanted_;
  Buffer logits_;
  std::vector<std::optional<Sequence::Drawn>> drawn_;  ///< of the rows of logits_
  StepCount counted_;
};

}  // namespace croft
