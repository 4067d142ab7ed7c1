#pragma once
/// The forward pass of embedding models.

#include <memory>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "model/config.h"
#include "model/pass.h"
#include "model/weights.h"
#include "text/tokenizer.h"

namespace croft {

/// Immutable; the buffers of a pass live in an EncoderSession.
class Encoder {
 public:
  Encoder(const ModelConfig& config, ModelWeights weights);
  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const ModelWeights& weights() const { return weights_; }
  [[nodiscard]] const RopeTable& rope() const { return rope_; }

 private:
  ModelConfig config_;
  ModelWeights weights_;
  RopeTable rope_;
};

/// Owns the work buffers. Threads: one caller at a time.
class EncoderSession {
 public:
  EncoderSession(const Encoder& encoder, Isa isa, ThreadPool& pool);

  /// One pooled, L2-normalised vector of hidden_size per input, computed in one batch; an input's
  /// vector does not depend on the others. Requires: inputs not empty, ids inside the vocabulary,
  /// lengths up to context_length.
  std::vector<std::vector<float>> embed(std::span<const std::vector<TokenId>> inputs);

 private:
  [[nodiscard]] std::vector<float> pooled(const SequenceRows& sequence);

  const Encoder& encoder_;
  Pass pass_;
};

}  // namespace croft
