#include "model/encoder.h"

#include "base/check.h"
#include "model/embedding_math.h"
#include "model/forward/layers.h"

namespace croft {

Encoder::Encoder(const ModelConfig& config, ModelWeights weights)
    : config_(config), weights_(std::move(weights)), rope_(config_.rope) {}

EncoderSession::EncoderSession(const Encoder& encoder, Isa isa, ThreadPool& pool)
    : encoder_(encoder), pass_(encoder.config(), encoder.weights(), isa, pool, nullptr) {}

std::vector<std::vector<float>> EncoderSession::embed(
    std::span<const std::vector<TokenId>> inputs) {
  const ModelConfig& c = encoder_.config();
  const ModelWeights& w = encoder_.weights();
  std::vector<SequenceRows> sequences;
  std::size_t rows = 0;
  for (const std::vector<TokenId>& input : inputs) {
    CHECK(!input.empty() && input.size() <= c.context_length);
    sequences.push_back({.first_row = rows, .count = input.size()});
    rows += input.size();
  }
  pass_.sequences = sequences;
  pass_.begin(rows, encoder_.rope());

  std::vector<float> extra(c.hidden_size);
  for (std::size_t s = 0; s < inputs.size(); ++s) {
    for (std::size_t i = 0; i < inputs[s].size(); ++i) {
      const auto token = static_cast<std::size_t>(inputs[s][i]);
      CHECK(token < c.vocabulary_size);
      const std::span<float> x = pass_.x.row(sequences[s].first_row + i);
      dequantize_row(w.embedding, token, x);
      if (!w.token_type.empty()) add(x, w.token_type, x, pass_.isa);
      if (!w.positions.empty()) {
        dequantize_row(w.positions, i, extra);
        add(x, extra, x, pass_.isa);
      }
    }
  }
  normalize(pass_, pass_.x, w.embedding_norm, pass_.x, NormKind::Layer);
  const LayerFunction layer = layer_function(c.architecture);
  for (std::size_t i = 0; i < c.layer_count; ++i) layer(pass_, i);

  std::vector<std::vector<float>> out;
  out.reserve(inputs.size());
  for (const SequenceRows& sequence : sequences) out.push_back(pooled(sequence));
  return out;
}

std::vector<float> EncoderSession::pooled(const SequenceRows& s) {
  const Pooling pooling = encoder_.config().pooling;
  std::vector<float> vector(encoder_.config().hidden_size, 0.0f);
  const std::size_t first = pooling == Pooling::Last ? s.count - 1 : 0;
  const std::size_t last = pooling == Pooling::Cls ? 0 : s.count - 1;
  for (std::size_t i = first; i <= last; ++i)
    add(vector, pass_.x.row(s.first_row + i), vector, pass_.isa);
  normalize_length(vector);  // the mean's division by the count cancels here
  return vector;
}

}  // namespace croft
