#include "model/decoder.h"

#include <algorithm>

#include "base/check.h"
#include "model/forward/layers.h"

namespace croft {

Decoder::Decoder(const ModelConfig& config, ModelWeights weights)
    : config_(config), weights_(std::move(weights)), rope_(config_.rope) {}

bool Decoder::needs_long_rope(std::size_t length) const {
  return config_.rope.original_context != 0 && length > config_.rope.original_context;
}

DecoderSession::DecoderSession(const Decoder& decoder, const KvPool& kv, Isa isa, ThreadPool& pool)
    : decoder_(decoder), pass_(decoder.config(), decoder.weights(), isa, pool, &kv) {}

void DecoderSession::forward(const Batch& batch) {
  const ModelConfig& c = decoder_.config();
  const std::size_t rows = batch.tokens.size();
  pass_.sequences = batch.sequences;
  pass_.begin(rows, decoder_.rope());
  pass_.pool.parallel_for(rows, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto token = static_cast<std::size_t>(batch.tokens[r]);
      CHECK(token < c.vocabulary_size);
      dequantize_row(decoder_.weights().embedding, token, pass_.x.row(r));
      if (c.embedding_scale != 1.0f) scale(pass_.x.row(r), c.embedding_scale, pass_.isa);
    }
  });
  const LayerFunction layer = layer_function(c.architecture);
  for (std::size_t i = 0; i < c.layer_count; ++i) layer(pass_, i);

  hidden_.resize(batch.output_rows.size(), c.hidden_size);
  for (std::size_t i = 0; i < batch.output_rows.size(); ++i)
    rms_norm(pass_.x.row(batch.output_rows[i]), decoder_.weights().final_norm.weight,
             c.norm_epsilon, hidden_.row(i), pass_.isa);
}

MatrixView<float> DecoderSession::hidden() {
  return hidden_.view();
}

void DecoderSession::logits(std::size_t first, MatrixView<float> out) {
  const ModelConfig& c = decoder_.config();
  const Product product{&decoder_.weights().output, out};
  matmul({&product, 1}, hidden_.view().row_range(first, out.rows), pass_.isa, pass_.pool,
         {.precise = true});
  for (std::size_t r = 0; r < out.rows; ++r) {
    if (c.logit_divisor != 1.0f) scale(out.row(r), 1.0f / c.logit_divisor, pass_.isa);
    if (c.final_softcap != 0.0f) softcap(out.row(r), c.final_softcap, pass_.isa);
  }
}

}  // namespace croft
