#pragma once
/// Runs one model: sequences join and leave one continuous batch. One owner thread; everybody else
/// sends messages.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "base/tensor_type.h"
#include "engine/request.h"
#include "model/model.h"

namespace croft {

struct EngineOptions {
  std::size_t context = 0;   ///< positions per sequence; 0: the model's own, at most 8192
  std::size_t parallel = 4;  ///< sequences computed together
  bool prefix_cache = true;  ///< keep keys and values of beginnings that may come again
  std::size_t prefix_bytes = std::size_t{256} << 20;  ///< kept for that while no request runs on it
  std::shared_ptr<const Model> draft =
      nullptr;              ///< a small model that guesses for this one; may be null
  double draft_cost = 0.0;  ///< of one of its guesses, in steps of this model; 0: as measured
  std::vector<std::filesystem::path> prefixes =
      {};                           ///< saved beginnings (prefix_file.h), for everyone
  bool prompt_lookup = true;        ///< prompt lookup: same answers, fewer steps where text repeats
  std::size_t prefill_chunk = 512;  ///< prompt tokens per step
  std::size_t queue_max = 512;      ///< waiting requests before Busy
  std::chrono::milliseconds queue_wait{
      0};                   ///< longest expected wait of an interactive request; 0: any
  std::size_t threads = 0;  ///< 0: one per available CPU
  TensorType kv_type = TensorType::F16;  ///< F32, F16, BF16 or Q8_0
};

/// A snapshot for /metrics and `doctor`; counters only grow.
struct EngineStats {
  std::size_t requests_running = 0;
  std::size_t requests_waiting = 0;
  std::size_t kv_positions_used = 0;
  std::size_t kv_positions_total = 0;
  std::uint64_t kv_bytes = 0;              ///< that the system backs with memory
  std::size_t prefix_pages = 0;            ///< kept for prompts that may begin alike
  std::uint64_t prefix_lookups_total = 0;  ///< prompt tokens that were looked up
  std::uint64_t prefix_hits_total = 0;     ///< of these, found
  std::uint64_t preemptions_total = 0;
  std::uint64_t guessed_tokens_total = 0;
  std::uint64_t guessed_held_total = 0;
  std::uint64_t prompt_tokens_total = 0;
  std::uint64_t generated_tokens_total = 0;
  std::uint64_t steps_total = 0;
  double step_seconds_total = 0.0;
};

class Engine {
 public:
  /// Starts the owner thread. Errors: Unsupported (KV type does not fit the head size); TooLarge
  /// (the cache does not fit in memory: both numbers named); InvalidArgument; those of PrefixFile
  /// and Drafter.
  static Result<std::unique_ptr<Engine>> create(std::shared_ptr<const Model> model,
                                                const EngineOptions& options);
  /// Ends running requests with Cancelled and joins.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const Model& model() const;
  [[nodiscard]] std::shared_ptr<const Model> shared_model() const;
  [[nodiscard]] const EngineOptions& options() const;  ///< with zeros replaced by what was chosen
  [[nodiscard]] Isa isa() const;

  /// Validates and enqueues; the sink hears the rest. Safe from any thread.
  /// Errors: ContextOverflow (prompt tokens and context named; also prompt + tokens_max is allowed
  /// to exceed: the generation then ends with Length); InvalidArgument (field named); Busy (the
  /// queue is full, or its expected wait too long); Unavailable (draining); Unsupported (an encoder
  /// cannot generate). The sink may hear DeadlineExceeded.
  Result<void> generate(GenerationRequest request, GenerationSink sink);
  /// Embeddings: encoders pool as their configuration says; decoders give the last token's final
  /// hidden state.
  Result<void> embed(EmbeddingRequest request, EmbeddingSink sink);

  [[nodiscard]] EngineStats stats() const;
  /// Refuses new requests from now on; running ones go on.
  void drain();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace croft
