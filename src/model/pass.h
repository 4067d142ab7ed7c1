#pragma once
/// One pass of a batch through a model: the buffers and the steps that the architectures are
/// written in. forward/*.cpp read like the papers because everything mechanical is here.

#include <algorithm>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "base/view.h"
#include "kernels/attention.h"
#include "model/config.h"
#include "model/kv_pool.h"
#include "model/rope_table.h"
#include "model/weights.h"

namespace croft {

/// Consecutive tokens of one sequence inside a batch.
struct SequenceRows {
  const KvTable* kv = nullptr;  ///< room for all positions; null for encoders
  std::size_t first_row = 0;    ///< in the batch
  std::size_t count = 0;
  std::size_t position = 0;  ///< of the first of these tokens
  bool rope_long = false;    ///< longrope: the sequence is past the original context
};

/// A matrix that keeps its memory between batches; `resize` never shrinks the allocation. It begins
/// on a cache line: kernels write whole lines of outputs.
class Buffer {
 public:
  void resize(std::size_t rows, std::size_t cols) {
    rows_ = rows;
    cols_ = cols;
    if (capacity_ >= rows * cols) return;
    // Where there is no memory for more, this is an empty buffer, and the next call tries again.
    capacity_ = 0;
    data_.reset();
    data_.reset(static_cast<float*>(::operator new[](rows * cols * sizeof(float), alignment)));
    capacity_ = rows * cols;
    std::fill_n(data_.get(), capacity_, 0.0f);
  }
  [[nodiscard]] MatrixView<float> view() { return {data_.get(), rows_, cols_}; }
  [[nodiscard]] std::span<float> row(std::size_t r) { return {data_.get() + r * cols_, cols_}; }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, alignment); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t capacity_ = 0;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

/// Everything a layer reads and writes. Shapes in comments; rows = tokens of the batch.
struct Pass {
  Pass(const ModelConfig& config_in, const ModelWeights& weights_in, Isa isa_in,
       ThreadPool& pool_in, const KvPool* kv_in)
      : config(config_in), weights(weights_in), isa(isa_in), pool(pool_in), kv(kv_in) {}

  const ModelConfig& config;
  const ModelWeights& weights;
  Isa isa;
  ThreadPool& pool;
  const KvPool* kv = nullptr;  ///< null for encoders, which attend within the batch
  std::span<const SequenceRows> sequences = {};

  Buffer x;                   ///< [rows, hidden] the residual stream
  Buffer normed;              ///< [rows, hidden]
  Buffer q;                   ///< [rows, head_count * head_size]
  Buffer k, v;                ///< [rows, kv_head_count * head_size]
  Buffer attended;            ///< [rows, head_count * head_size]
  Buffer branch;              ///< [rows, hidden] what a block adds to x
  Buffer gate, up;            ///< [rows, ffn]
  Buffer cosine[2], sine[2];  ///< [rows, rotated / 2] for full and for sliding layers
  std::vector<AttentionRow> attention_rows;
  std::vector<KvRun> kv_runs;
  std::vector<std::byte> kv_within;         ///< the pages of an encoder's sequences
  std::vector<std::byte*> kv_within_pages;  ///< where they begin

  /// Sizes the buffers and fills the rope rows for the batch in `sequences`.
  void begin(std::size_t rows, const RopeTable& table);
  [[nodiscard]] const LayerWeights& layer(std::size_t i) const { return weights.layers[i]; }
};

enum class NormKind : unsigned char { Rms, Layer };

/// out = norm(in), row by row. in and out may be the same buffer.
void normalize(Pass& pass, Buffer& in, const Norm& norm, Buffer& out,
               NormKind kind = NormKind::Rms);
/// RMS norm of every head of every row on its own (Qwen 3, Gemma 3).
void normalize_heads(Pass& pass, Buffer& heads, const Norm& norm);
/// out = in · weightᵀ + bias.
void project(Pass& pass, const Linear& linear, Buffer& in, Buffer& out);
/// q, k and v = in · their weightsᵀ + biases.
void project_qkv(Pass& pass, const LayerWeights& layer, Buffer& in);
/// Applies rotary positions to q and k, unless this layer has none.
void rotate(Pass& pass, std::size_t layer);
/// Stores k and v in the cache, then attended = attention(q) over what each row may see.
void attend_cached(Pass& pass, std::size_t layer);
/// attended = attention(q) over all rows of the same sequence (encoders).
void attend_within(Pass& pass);
/// x += (in · weightᵀ + bias) * factor.
void project_onto_x(Pass& pass, const Linear& linear, Buffer& in, float factor = 1.0f);
/// up = activation(gate(in)) * up(in): what the down projection takes.
void gated_up(Pass& pass, const LayerWeights& layer, Buffer& in);
/// The configured activation, in place.
void activate(Pass& pass, Buffer& buffer);
/// x += branch * factor.
void add_branch(Pass& pass, float factor = 1.0f);

}  // namespace croft
