// Qwen 2 and 2.5: Llama's layer with biases on Q, K and V (project adds them). Qwen 3: no biases,
// but an RMS norm on every head of Q and K before the rotation.
#include "model/forward/layers.h"

namespace croft {

void qwen2_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);  // [rows, hidden]
  project(p, w.q, p.normed, p.q);                 // [rows, heads * head_size]
  project(p, w.k, p.normed, p.k);                 // [rows, kv_heads * head_size]
  project(p, w.v, p.normed, p.v);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);  // [rows, hidden]
  add_branch(p);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_mlp(p, w, p.normed);
  add_branch(p);
}

void qwen3_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);  // [rows, hidden]
  project(p, w.q, p.normed, p.q);                 // [rows, heads * head_size]
  project(p, w.k, p.normed, p.k);                 // [rows, kv_heads * head_size]
  project(p, w.v, p.normed, p.v);
  normalize_heads(p, p.q, w.q_norm);
  normalize_heads(p, p.k, w.k_norm);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);  // [rows, hidden]
  add_branch(p);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_mlp(p, w, p.normed);
  add_branch(p);
}

}  // namespace croft
