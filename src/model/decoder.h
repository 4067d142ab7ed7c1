#pragma once
/// The forward pass of text generators over a batch of sequences.

#include <memory>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "base/view.h"
#include "model/config.h"
#include "model/kv_pool.h"
#include "model/pass.h"
#include "model/weights.h"
#include "text/tokenizer.h"

namespace croft {

struct Batch {
  std::vector<TokenId> tokens;
  std::vector<SequenceRows> sequences;   ///< cover the tokens in order, one entry for each
  std::vector<std::size_t> output_rows;  ///< rows whose final hidden state is wanted, ascending
};

/// Immutable; the buffers of a pass live in a DecoderSession.
class Decoder {
 public:
  Decoder(const ModelConfig& config, ModelWeights weights);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const ModelWeights& weights() const { return weights_; }
  [[nodiscard]] const RopeTable& rope() const { return rope_; }
  /// Whether a sequence of this many tokens needs longrope's long factors. A cache must not mix the
  /// two: when a sequence crosses the border, its keys are computed again from the first token.
  [[nodiscard]] bool needs_long_rope(std::size_t length) const;

 private:
  ModelConfig config_;
  ModelWeights weights_;
  RopeTable rope_;
};

/// Owns the work buffers. Threads: one caller at a time.
class DecoderSession {
 public:
  /// `kv` is where the tables of the batches take their pages.
  DecoderSession(const Decoder& decoder, const KvPool& kv, Isa isa, ThreadPool& pool);

  /// Runs the batch and stores its keys and values. Afterwards `hidden()` holds the normed final
  /// states of batch.output_rows. Requires: 0 <= token < vocabulary; position + count <=
  /// kv->capacity().
  void forward(const Batch& batch);
  /// [output_rows, hidden]
  [[nodiscard]] MatrixView<float> hidden();
  /// out = logits of hidden rows [first, first + out.rows), with the model's divisor and soft cap.
  void logits(std::size_t first, MatrixView<float> out);

 private:
  const Decoder& decoder_;
  Pass pass_;
  Buffer hidden_;
};

}  // namespace croft
