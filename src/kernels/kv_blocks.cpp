#include "kernels/kv_blocks.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "kernels/attention_items.h"
#include "kernels/kernel_table.h"

namespace croft {
namespace {

/// Below so many positions times heads, waking a thread costs more than the work.
constexpr std::size_t few_heads = 12;

/// Blocks that a run touches.
std::size_t block_count(const KvRun& run) {
  return (run.position + run.count - 1) / kv_block_positions - run.position / kv_block_positions +
         1;
}

}  // namespace

void store_kv(const KvLayout& layout, std::span<const KvRun> runs, MatrixView<const float> keys,
              MatrixView<const float> values, Isa isa, ThreadPool& pool) {
  CHECK(layout.head_size > 0 && layout.head_size <= limits::head_size_max);
  CHECK(keys.cols == layout.head_count * layout.head_size && values.cols == keys.cols);
  std::size_t items = 0, rows = 0;
  for (const KvRun& run : runs) {
    CHECK(run.count > 0 && run.first_row + run.count <= keys.rows && values.rows == keys.rows);
    items += block_count(run) * layout.head_count;
    rows += run.count;
  }
  const KernelTable& kernels = kernel_table(isa);
  const auto store = [&](const KvRun& run, std::size_t b, std::size_t head) {
    const std::size_t block = run.position / kv_block_positions + b;
    const std::size_t begin = std::max(run.position, block * kv_block_positions);
    const std::size_t end = std::min(run.position + run.count, (block + 1) * kv_block_positions);
    const std::size_t row = run.first_row + (begin - run.position);
    kernels.store_kv({.layout = layout,
                      .block = run.kv.pages[block] + run.kv.offset + head * layout.block_bytes(),
                      .position = begin - block * kv_block_positions,
                      .count = end - begin,
                      .keys = keys.row(row).data() + head * layout.head_size,
                      .values = values.row(row).data() + head * layout.head_size,
                      .key_stride = keys.stride,
                      .value_stride = values.stride});
  };
  const auto work = [&](std::size_t begin, std::size_t end) {
    std::size_t before = 0;
    for (const KvRun& run : runs) {
      const std::size_t own = block_count(run) * layout.head_count;
      for (std::size_t i = std::max(begin, before); i < std::min(end, before + own); ++i)
        store(run, (i - before) / layout.head_count, (i - before) % layout.head_count);
      before += own;
    }
  };
  pool.parallel_for(items, rows * layout.head_count < few_heads ? items : 1, work);
}

}  // namespace croft
