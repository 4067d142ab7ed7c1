#pragma once
/// Attention of one layer over stored keys and values, for any mix of sequences in one batch.

#include <cstddef>
#include <span>

#include "kernels/kv_blocks.h"

namespace croft {

/// One query row: it sees positions first..last of its sequence, both included.
struct AttentionRow {
  KvPages kv;
  std::size_t first = 0;
  std::size_t last = 0;
};

struct AttentionOptions {
  std::size_t head_count = 0;  ///< head h reads kv head h / (head_count / kv.head_count)
  KvLayout kv;                 ///< kv.head_count divides head_count
  float scale = 1.0f;          ///< above 0
  float softcap = 0.0f;  ///< scores become softcap * tanh(score / softcap) after scaling; 0: none
};

/// out[r] = per head, softmax(q · keysᵀ * scale) · values over the row's visible positions.
///
/// Shapes:   q and out [n_rows, head_count * head_size], rows.size() == n_rows.
/// Accuracy: queries and probabilities are rounded to 16 bits as keys and values are. Against
///           doubles over the numbers that were stored, the error stays below 2^-11 of the largest
///           |value|, as long as |query| * |key| * scale stays below 50 (attention_test.cpp).
/// Requires: first <= last and that positions first..last are stored. out does not alias q.
/// Threads:  splits (rows, kv head) items over `pool`.
/// Bits:     a row's result depends neither on the thread count, nor on the other rows, nor on the
///           instruction set.
/// A causal prompt passes last = its own position; a window passes first = max(0, last + 1 -
/// window); an encoder passes first = 0, last = length - 1 for every row.
void attention(std::span<const AttentionRow> rows, MatrixView<const float> q, MatrixView<float> out,
               const AttentionOptions& options, Isa isa, ThreadPool& pool);

}  // namespace croft
