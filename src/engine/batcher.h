#pragma once
/// The continuous batch: sequences join and leave between steps. Used by the engine's owner thread
/// only.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "model/decoder.h"

namespace croft {

class Batcher {
 public:
  /// Pages for one sequence more than options.parallel are there for embeddings by text models.
  static Result<std::unique_ptr<Batcher>> create(const Model& model, const EngineOptions& options,
                                                 Isa isa, ThreadPool& pool);

  [[nodiscard]] bool idle() const { return sequences_.empty(); }
  [[nodiscard]] KvPool& kv() { return kv_; }
  /// Returns memory that nothing needs to the system; prefixes stay.
  void trim() { kv_.trim(); }
  struct StepCount {
    std::size_t prompt_tokens = 0;
    std::size_t generated_tokens = 0;
  };
  /// What the batcher knows of the engine's statistics.
  void fill(EngineStats& stats) const;
  [[nodiscard]] std::size_t waiting() const { return scheduler_.waiting(); }
  [[nodiscard]] double expected_wait() const { return scheduler_.expected_wait(); }

  void add(std::unique_ptr<Sequence> sequence);
  /// One forward pass over what the scheduler planned. Finished and cancelled sequences leave.
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
    bool samples = false;               ///< the next token is drawn here; else it scores the prompt
    std::optional<TokenId> guess = {};  ///< of the token drawn here: the next row computed it
  };
  /// Rows of wanted_: one that scores a prompt, or all that may be drawn for a sequence.
  struct WantedRun {
    std::size_t first = 0, count = 0;
  };
  [[nodiscard]] std::size_t guesses_allowed(const ScheduledJob& job) const;
  void begin_batch(const std::vector<PlannedRows>& plan);
  void add_rows(const PlannedRows& rows);
  void draw(WantedRun run, std::size_t first_logits);
  void consume(WantedRun run, std::size_t first_logits, SteadyTime now);
  void consume_logits();
  void remove_finished();

  const Model& model_;
  EngineOptions options_;
  ThreadPool& pool_;
  KvPool kv_;
  DecoderSession session_;
  /// Before the sequences, whose pages it may share; they leave it before they go.
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Sequence>> sequences_;  ///< waiting and running
  std::unordered_map<std::string, std::uint64_t> tenants_;
  Batch batch_;
  std::vector<WantedRow> wanted_;
  Buffer logits_;
  std::vector<std::optional<Sequence::Drawn>> drawn_;  ///< by wanted row
  std::vector<WantedRun> runs_;
  std::uint64_t guessed_total_ = 0;
  std::uint64_t held_total_ = 0;
  StepCount counted_;
};

}  // namespace croft
