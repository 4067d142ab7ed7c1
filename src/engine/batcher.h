#pragma once
/// The continuous batch: sequences join and leave between steps. Used by the engine's owner thread
/// only.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/thread_pool.h"
#include "engine/admission.h"
#include "engine/drafter.h"
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
  ~Batcher();

  [[nodiscard]] bool idle() const { return sequences_.empty(); }
  [[nodiscard]] KvPool& kv() { return kv_; }
  /// Returns memory that nothing needs to the system; prefixes stay.
  void trim();
  struct StepCount {
    std::size_t prompt_tokens = 0;
    std::size_t generated_tokens = 0;
  };
  /// What the batcher knows of the engine's statistics.
  void fill(EngineStats& stats) const;
  /// And what a new request would find.
  void fill(Admission& admission) const;

  void add(std::unique_ptr<Sequence> sequence);
  /// One forward pass over what the scheduler planned. Finished and cancelled sequences leave.
  /// Where the system has no memory for it, remembered prefixes go first, then sequences are put
  /// back into the queue, and the last one ends with an error.
  StepCount step();
  /// Ends every sequence.
  void cancel_all();

  /// Final hidden state of the last token, normalised. `cancelled` is asked between chunks; true
  /// ends with Cancelled.
  Result<std::vector<float>> embed(const std::vector<TokenId>& tokens,
                                   const std::stop_token& cancel);

 private:
  Batcher(const Model& model, const EngineOptions& options, KvPool kv,
          std::unique_ptr<Drafter> drafter, Isa isa, ThreadPool& pool);

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
  void compute_step();
  void end_what_must_end();
  void after_lack_of_memory();
  [[nodiscard]] std::size_t guesses_allowed(const ScheduledJob& job) const;
  void guess();
  void draft(std::span<Sequence* const> sequences);
  void begin_batch(const std::vector<PlannedRows>& plan);
  void share_out(const std::vector<PlannedRows>& plan, double seconds);
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
  std::unique_ptr<Drafter> drafter_;  ///< null without a draft model
  /// Before the sequences, whose pages it may share; they leave it before they go.
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Sequence>> sequences_;  ///< waiting and running
  std::unordered_map<std::string, std::uint64_t> tenants_;
  std::vector<const std::string*> tenant_names_;  ///< by number
  Batch batch_;
  std::vector<WantedRow> wanted_;
  Buffer logits_;
  std::vector<std::optional<Sequence::Drawn>> drawn_;  ///< by wanted row
  std::vector<WantedRun> runs_;
  std::vector<Drafter::Wish> wishes_;
  std::uint64_t guessed_total_ = 0;
  std::uint64_t held_total_ = 0;
  StepCount counted_;
  std::size_t failures_ = 0;       ///< steps in a row for which there was no memory
  double unshared_seconds_ = 0.0;  ///< of the last step: nobody's yet
};

}  // namespace croft
