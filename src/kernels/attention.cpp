#include "kernels/attention.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

#include "base/check.h"
#include "kernels/kernel_table.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

/// Positions are taken in blocks that start at multiples of this: a row's order of sums depends on
/// positions alone.
constexpr std::size_t block_positions = 64;
/// Query rows of one sequence that share the converted keys and values of a block.
constexpr std::size_t group_rows_max = 16;

/// Consecutive query rows of one sequence.
struct Group {
  std::size_t first_row = 0;
  std::size_t row_count = 0;
};

/// One unit of work: the query heads of a group that read one kv head.
struct Item {
  std::span<const AttentionRow> rows;  ///< of the group
  MatrixView<const float> q;           ///< the group's rows
  MatrixView<float> out;
  std::size_t kv_head = 0;
};

struct GroupScratch;
struct ConvertScratch;
struct QueryScratch;
struct ScoreScratch;
struct QuantScratch;
struct QuantScaleScratch;
struct StateScratch;
struct FactorScratch;

/// Rows `first`.. of the cache at one head as floats: in place for F32, else converted into
/// `buffer`.
FloatRows head_rows(const KvView& kv, const std::byte* base, std::size_t first, std::size_t count,
                    std::size_t head, std::size_t head_size, const KernelTable& kernels,
                    float* buffer) {
  const std::byte* start = base + first * kv.row_bytes;
  const std::size_t offset = head * head_size;
  if (kv.type == TensorType::F32 && kv.row_bytes % sizeof(float) == 0)
    return {reinterpret_cast<const float*>(start) + offset, count, kv.row_bytes / sizeof(float)};
  // A Q8_0 head may begin inside a block: convert whole blocks around it and point past the foreign
  // part.
  const TensorTypeTraits& layout = traits(kv.type);
  const std::size_t begin = offset / layout.block_size * layout.block_size;
  const std::size_t end =
      (offset + head_size + layout.block_size - 1) / layout.block_size * layout.block_size;
  const std::size_t stride = (head_size + 2 * q8_block_values + 15) / 16 * 16;
  for (std::size_t p = 0; p < count; ++p)
    kernels.dequantize(kv.type,
                       start + p * kv.row_bytes + begin / layout.block_size * layout.block_bytes,
                       end - begin, buffer + p * stride);
  return {buffer + (offset - begin), count, stride};
}

bool same_sequence(const KvView& a, const KvView& b) {
  return a.type == b.type && a.keys == b.keys && a.values == b.values && a.row_bytes == b.row_bytes;
}

std::span<const Group> group_rows(std::span<const AttentionRow> rows) {
  Group* groups = thread_scratch<GroupScratch, Group>(rows.size());
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    CHECK(rows[r].first <= rows[r].last);
    if (count == 0 || groups[count - 1].row_count == group_rows_max ||
        !same_sequence(rows[r].kv, rows[groups[count - 1].first_row].kv))
      groups[count++] = {r, 0};
    ++groups[count - 1].row_count;
  }
  return {groups, count};
}

/// Runs the softmax over an item's positions block by block (online softmax), all its queries
/// together.
class ItemRun {
 public:
  ItemRun(const Item& item, const AttentionOptions& options, const KernelTable& kernels)
      : item_(item),
        options_(options),
        kernels_(kernels),
        heads_(options.head_count / options.kv_head_count),
        query_count_(item.rows.size() * heads_),
        integer_scores_(item.rows[0].kv.type == TensorType::Q8_0 &&
                        options.head_size % q8_block_values == 0) {}

  void run() {
    gather_queries();
    std::size_t first = item_.rows[0].first;
    std::size_t last = item_.rows[0].last;
    for (const AttentionRow& row : item_.rows) {
      first = std::min(first, row.first);
      last = std::max(last, row.last);
    }
    for (std::size_t block = first / block_positions * block_positions; block <= last;
         block += block_positions)
      add_block(std::max(block, first), std::min(last, block + block_positions - 1));
    for (std::size_t i = 0; i < query_count_; ++i)
      kernels_.scale(output(i), 1.0f / states_[i].sum, options_.head_size);
  }

 private:
  [[nodiscard]] std::size_t head_offset(std::size_t query) const {
    return (item_.kv_head * heads_ + query % heads_) * options_.head_size;
  }
  [[nodiscard]] float* output(std::size_t query) const {
    return item_.out.row(query / heads_).data() + head_offset(query);
  }

  /// Copies the queries together (one matrix for the score product), as floats or as integers, and
  /// clears the outputs.
  void gather_queries() {
    const std::size_t size = options_.head_size;
    const std::size_t blocks = size / q8_block_values;
    std::int16_t* quants = nullptr;
    float* scales = nullptr;
    if (integer_scores_) {
      quants = thread_scratch<QuantScratch, std::int16_t>(query_count_ * size);
      scales = thread_scratch<QuantScaleScratch>(query_count_ * blocks);
      quantized_ = {quants, scales, query_count_, blocks};
    } else {
      queries_ = thread_scratch<QueryScratch>(query_count_ * size);
    }
    states_ = thread_scratch<StateScratch, SoftmaxState>(query_count_);
    for (std::size_t i = 0; i < query_count_; ++i) {
      const float* from = item_.q.row(i / heads_).data() + head_offset(i);
      if (integer_scores_) {
        quantize_query({from, size}, quants + i * size, scales + i * blocks);
      } else {
        std::copy_n(from, size, queries_ + i * size);
      }
      states_[i] = {-std::numeric_limits<float>::infinity(), 0.0f};
      std::fill_n(output(i), size, 0.0f);
    }
  }

  /// scores[i * block_positions + p] = query i · key begin + p. `buffer` is working memory.
  void score_block(std::size_t begin, std::size_t count, float* buffer, float* scores) {
    const std::size_t size = options_.head_size;
    const KvView& kv = item_.rows[0].kv;
    if (integer_scores_) {
      kernels_.score_q8(q8_rows(kv.keys, begin, count), quantized_, scores, block_positions);
    } else {
      const FloatRows keys =
          head_rows(kv, kv.keys, begin, count, item_.kv_head, size, kernels_, buffer);
      kernels_.multiply_panel(keys, {queries_, query_count_, size}, size, scores, block_positions);
    }
  }

  /// Positions [begin, end] of one block.
  void add_block(std::size_t begin, std::size_t end) {
    const std::size_t size = options_.head_size;
    const std::size_t count = end - begin + 1;
    const KvView& kv = item_.rows[0].kv;
    float* buffer =
        thread_scratch<ConvertScratch>(block_positions * (size + 2 * q8_block_values + 16));
    float* scores = thread_scratch<ScoreScratch>(query_count_ * block_positions);
    score_block(begin, count, buffer, scores);
    if (integer_scores_ && item_.rows.size() == 1) {
      add_values_of_one_row(begin, count, scores);
      return;
    }
    const FloatRows values =
        head_rows(kv, kv.values, begin, count, item_.kv_head, size, kernels_, buffer);
    for (std::size_t i = 0; i < query_count_; ++i) {
      const AttentionRow& row = item_.rows[i / heads_];
      const std::size_t from = std::max(row.first, begin);
      const std::size_t to = std::min(row.last, end);
      if (from > to) continue;
      float* visible = scores + i * block_positions + (from - begin);
      const std::size_t visible_count = to - from + 1;
      const float factor = weights_of(visible, visible_count, i);
      kernels_.accumulate(
          {values.data + (from - begin) * values.stride, visible_count, values.stride}, visible,
          factor, output(i), size);
    }
  }

  /// Turns query i's scores into weights and returns by what its earlier sums must be scaled.
  float weights_of(float* scores, std::size_t count, std::size_t i) {
    kernels_.scale(scores, options_.scale, count);
    if (options_.softcap > 0.0f) kernels_.softcap(scores, options_.softcap, count);
    return kernels_.softmax_step(scores, count, states_[i]);
  }

  /// All heads of a single row see the same positions: their values need not become floats in
  /// memory first. Many rows share those floats instead; the bits are the same.
  void add_values_of_one_row(std::size_t begin, std::size_t count, float* scores) {
    float* factors = thread_scratch<FactorScratch>(query_count_);
    for (std::size_t i = 0; i < query_count_; ++i)
      factors[i] = weights_of(scores + i * block_positions, count, i);
    kernels_.accumulate_q8(q8_rows(item_.rows[0].kv.values, begin, count),
                           {scores, query_count_, block_positions}, factors, output(0),
                           options_.head_size, options_.head_size / q8_block_values);
  }

  [[nodiscard]] Q8Rows q8_rows(const std::byte* base, std::size_t begin, std::size_t count) const {
    const std::size_t row_bytes = item_.rows[0].kv.row_bytes;
    const std::size_t head_bytes = options_.head_size / q8_block_values * q8_block_bytes;
    return {base + begin * row_bytes + item_.kv_head * head_bytes, count, row_bytes};
  }

  const Item& item_;
  const AttentionOptions& options_;
  const KernelTable& kernels_;
  std::size_t heads_;        ///< query heads per kv head
  std::size_t query_count_;  ///< query i is row i / heads_, head i % heads_ of the kv head's
  /// Q8_0 keys meet quantized queries, unless a head may begin inside a block: those go the way of
  /// the other types.
  bool integer_scores_;
  float* queries_ = nullptr;
  QuantizedQueries quantized_;
  SoftmaxState* states_ = nullptr;
};

}  // namespace

void attention(std::span<const AttentionRow> rows, MatrixView<const float> q, MatrixView<float> out,
               const AttentionOptions& options, Isa isa, ThreadPool& pool) {
  CHECK(options.kv_head_count > 0 && options.head_count % options.kv_head_count == 0);
  CHECK(q.rows == rows.size() && out.rows == rows.size() &&
        q.cols == options.head_count * options.head_size && out.cols == q.cols);
  if (rows.empty()) return;
  const KernelTable& kernels = kernel_table(isa);
  const std::span<const Group> groups = group_rows(rows);
  const std::size_t items = groups.size() * options.kv_head_count;
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t) {
    for (;;) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= items) return;
      // Long contexts come last in a causal prompt: start with them, so that no thread is left with
      // one at the end.
      const Group& group = groups[groups.size() - 1 - i / options.kv_head_count];
      const Item item{rows.subspan(group.first_row, group.row_count),
                      q.row_range(group.first_row, group.row_count),
                      out.row_range(group.first_row, group.row_count), i % options.kv_head_count};
      ItemRun(item, options, kernels).run();
    }
  };
  if (pool.size() == 1 || items == 1) {
    work(0);
  } else {
    pool.run(work);
  }
}

}  // namespace croft
