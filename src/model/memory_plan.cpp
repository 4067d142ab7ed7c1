#include "model/memory_plan.h"

#include <algorithm>

#include "base/checked.h"
#include "model/kv_pool.h"

namespace croft {
namespace {

/// Code, libraries, tokenizer tables beside the vocabulary, threads' stacks.
constexpr std::uint64_t program_bytes = std::uint64_t{40} << 20;
constexpr std::uint64_t logit_rows = 16;

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  return checked_mul(a, b).value_or(~std::uint64_t{0} >> 2);
}

}  // namespace

MemoryPlan plan_memory(const ModelConfig& config, const MemoryPlanOptions& options) {
  MemoryPlan plan;
  plan.weights = options.file_bytes;
  const std::uint64_t page =
      config.is_encoder() ? 0 : KvPool::page_bytes_of(config, options.kv_type).value_or(0);
  plan.per_token = page / kv_block_positions;
  plan.sequence = product(page, kv_page_count(options.context));
  plan.sequences = product(plan.sequence, options.parallel);
  const std::uint64_t rows = options.chunk + options.parallel;
  const std::uint64_t widest =
      std::max<std::uint64_t>({config.hidden_size, config.ffn_size, config.q_size()});
  // Pass: x, normed and branch; q and attended; k and v; gate and up. Activations once more as
  // records of 64 bytes for 32.
  const std::uint64_t floats =
      3 * config.hidden_size + 2 * config.q_size() + 2 * config.kv_size() + 2 * config.ffn_size;
  plan.work = program_bytes + product(rows, 4 * floats + 2 * widest) +
              product(logit_rows * 4, config.vocabulary_size) +
              product(48, config.vocabulary_size);  // tokens' texts and their tables
  return plan;
}

}  // namespace croft
