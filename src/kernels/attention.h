#pragma once
/// Attention of one layer over cached keys and values, for any mix of sequences in one batch.

#include <cstddef>
#include <span>

#include "base/cpu.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"
#include "base/view.h"

namespace croft {

/// The cached keys and values of one sequence in one layer. Position p lies at keys + p * row_bytes
/// and holds kv_head_count * head_size elements of `type`; head h starts at element h * head_size.
struct KvView {
  TensorType type = TensorType::F32;  ///< F32, F16, BF16 or Q8_0
  const std::byte* keys = nullptr;
  const std::byte* values = nullptr;
  std::size_t row_bytes = 0;
};

/// One query row: it sees positions first..last of its sequence, both included.
struct AttentionRow {
  KvView kv;
  std::size_t first = 0;
  std::size_t last = 0;
};

struct AttentionOptions {
  std::size_t head_count = 0;
  std::size_t kv_head_count =
      0;  ///< divides head_count: head h reads kv head h / (head_count / kv_head_count)
  std::size_t head_size = 0;
  float scale = 1.0f;
  float softcap = 0.0f;  ///< scores become softcap * tanh(score / softcap) after scaling; 0: none
};

/// out[r] = per head, softmax(q · keysᵀ * scale) · values over the row's visible positions.
///
/// Shapes:   q and out [n_rows, head_count * head_size], rows.size() == n_rows.
/// Q8_0:     a query is rounded to 16 bits and the scores are integer products (q8_scores.h); where
///           head_size % 32 != 0 a head may begin inside a block, and keys become floats instead.
/// Requires: first <= last and that positions first..last are stored; for Q8_0 whole rows of blocks
///           (kv_head_count * head_size % 32 == 0). out does not alias q.
/// Threads:  splits (rows, kv head) items over `pool`. A row's result depends neither on the thread
///           count nor on the other rows: blocks of positions start at multiples of a constant,
///           each is summed in one order.
/// A causal prompt passes last = its own position; a window passes first = max(0, last + 1 -
/// window); an encoder passes first = 0, last = length - 1 for every row.
void attention(std::span<const AttentionRow> rows, MatrixView<const float> q, MatrixView<float> out,
               const AttentionOptions& options, Isa isa, ThreadPool& pool);

/// Stores one row of keys or values as F32, F16, BF16 (round to nearest even) or Q8_0.
/// Requires: `destination` holds row_bytes(type, row.size()); for Q8_0 row.size() % 32 == 0.
void store_kv_row(TensorType type, std::span<const float> row, std::byte* destination);

}  // namespace croft
