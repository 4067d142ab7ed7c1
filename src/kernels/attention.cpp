#include "kernels/attention.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/limits.h"
#include "kernels/attention_items.h"
#include "kernels/kernel_table.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

/// Queries of one item: enough that a block, once in the first-level cache (16 KiB for heads of
/// 64), is used for long; few enough that their own state stays in the second level.
constexpr std::size_t item_queries_max = 96;
/// Items per thread that even out threads of different speed.
constexpr std::size_t items_per_thread = 4;

/// Consecutive query rows of one sequence.
struct Group {
  std::size_t first_row = 0;
  std::size_t row_count = 0;
};

struct GroupScratch;
struct ItemScratch;

std::span<const Group> group_rows(std::span<const AttentionRow> rows, std::size_t rows_max) {
  Group* groups = thread_scratch<GroupScratch, Group>(rows.size());
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    CHECK(rows[r].first <= rows[r].last);
    if (count == 0 || groups[count - 1].row_count == rows_max ||
        rows[r].kv.pages != rows[groups[count - 1].first_row].kv.pages)
      groups[count++] = {r, 0};
    ++groups[count - 1].row_count;
  }
  return {groups, count};
}

/// Results do not depend on this: it only cuts work.
std::size_t rows_per_item(std::size_t rows, const AttentionOptions& options, std::size_t threads) {
  const std::size_t heads = options.head_count / options.kv.head_count;
  const std::size_t most = std::max<std::size_t>(1, item_queries_max / heads);
  if (threads == 1) return most;
  const std::size_t wanted = threads * items_per_thread;
  const std::size_t even = rows * options.kv.head_count / wanted;
  return std::clamp<std::size_t>(even, std::min<std::size_t>(4, most), most);
}

}  // namespace

void attention(std::span<const AttentionRow> rows, MatrixView<const float> q, MatrixView<float> out,
               const AttentionOptions& options, Isa isa, ThreadPool& pool) {
  const std::size_t kv_heads = options.kv.head_count;
  CHECK(kv_heads > 0 && options.head_count % kv_heads == 0);
  CHECK(options.kv.head_size > 0 && options.kv.head_size <= limits::head_size_max);
  CHECK(q.rows == rows.size() && out.rows == rows.size() &&
        q.cols == options.head_count * options.kv.head_size && out.cols == q.cols);
  if (rows.empty()) return;
  const KernelTable& kernels = kernel_table(isa);
  const std::span<const Group> groups =
      group_rows(rows, rows_per_item(rows.size(), options, pool.size()));
  const std::size_t items = groups.size() * kv_heads;
  const std::size_t heads = options.head_count / kv_heads;
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t) {
    for (;;) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= items) return;
      // Long contexts come last in a causal prompt: start with them, so that no thread is left with
      // one at the end.
      const Group& group = groups[groups.size() - 1 - i / kv_heads];
      const std::size_t kv_head = i % kv_heads;
      const std::size_t column = kv_head * heads * options.kv.head_size;
      const AttentionMemory memory{group.row_count * heads, options.kv.padded_size()};
      const AttentionRow& row = rows[group.first_row];
      kernels.attend({.layout = options.kv,
                      .rows = &row,
                      .row_count = group.row_count,
                      .heads = heads,
                      .q = q.row(group.first_row).data() + column,
                      .out = out.row(group.first_row).data() + column,
                      .q_stride = q.stride,
                      .out_stride = out.stride,
                      .kv = {row.kv.pages, row.kv.offset + kv_head * options.kv.block_bytes()},
                      .scale = options.scale,
                      .softcap = options.softcap,
                      .memory = thread_scratch<ItemScratch, std::byte>(memory.bytes())});
    }
  };
  if (pool.size() == 1 || items == 1) {
    work(0);
  } else {
    pool.run(work);
  }
}

}  // namespace croft
