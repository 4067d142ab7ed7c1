// Granite: Llama's layer with each branch scaled before it joins; embeddings, attention scores and
// logits have factors of their own (config.embedding_scale, attention_scale, logit_divisor).
#include "model/forward/layers.h"

namespace croft {

void granite_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);  // [rows, hidden]
  project(p, w.q, p.normed, p.q);                 // [rows, heads * head_size]
  project(p, w.k, p.normed, p.k);                 // [rows, kv_heads * head_size]
  project(p, w.v, p.normed, p.v);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);  // [rows, hidden]
  add_branch(p, p.config.residual_scale);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_mlp(p, w, p.normed);
  add_branch(p, p.config.residual_scale);
}

}  // namespace croft
