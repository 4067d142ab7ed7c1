#pragma once
/// What a model will need, before any of it is loaded.

#include <cstdint>

#include "base/machine_memory.h"
#include "base/tensor_type.h"
#include "model/config.h"

namespace croft {

struct MemoryPlanOptions {
  std::uint64_t file_bytes = 0;
  std::uint64_t context = 0;  ///< positions of one sequence
  std::uint64_t parallel = 1;
  std::uint64_t chunk = 512;  ///< prompt tokens of a step
  TensorType kv_type = TensorType::F16;
};

/// Bytes.
struct MemoryPlan {
  std::uint64_t weights =
      0;  ///< as large as the file: packing keeps every byte, tied weights are one
  std::uint64_t per_token = 0;  ///< keys and values of a position, all layers
  std::uint64_t sequence = 0;   ///< of one full context, in whole pages
  std::uint64_t sequences = 0;  ///< of all; taken as they grow, given back when idle
  std::uint64_t work = 0;       ///< buffers of a step, logits, and the program itself

  [[nodiscard]] std::uint64_t least() const { return weights + sequence + work; }
  [[nodiscard]] std::uint64_t most() const { return weights + sequences + work; }
};

/// The context that `serve` and `run` use where none is asked for.
[[nodiscard]] constexpr std::uint64_t usual_context(const ModelConfig& config) {
  return config.context_length < 8192 ? config.context_length : 8192;
}

/// The most that an engine takes for keys and values beside the weights that are loaded: half of
/// the machine's memory, and no more than three quarters of what is free. Who needs more than is
/// there waits, or is taken up again later.
[[nodiscard]] constexpr std::uint64_t kv_bytes_promised(const MachineMemory& memory) {
  return memory.total / 2 < memory.available / 4 * 3 ? memory.total / 2 : memory.available / 4 * 3;
}

/// An estimate of what the process will take (tests/e2e compares it with a running server).
[[nodiscard]] MemoryPlan plan_memory(const ModelConfig& config, const MemoryPlanOptions& options);

}  // namespace croft
