// Qwen 3: Llama's layer with an RMS norm on every head of Q and K before the rotation.
#include "model/forward/layers.h"

namespace croft {

void qwen3_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);
  project_qkv(p, w, p.normed);
  normalize_heads(p, p.q, w.q_norm);
  normalize_heads(p, p.k, w.k_norm);
  rotate(p, i);
  attend_cached(p, i);
  project_onto_x(p, w.o, p.attended);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_up(p, w, p.normed);
  project_onto_x(p, w.down, p.up);
}

}  // namespace croft
