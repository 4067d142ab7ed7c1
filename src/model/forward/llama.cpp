// Llama 2 and 3, SmolLM2, Mistral (its window is in config.layer_slides): pre-norm, gated SiLU.
#include "model/forward/layers.h"

namespace croft {

void llama_layer(Pass& p, std::size_t i) {
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

}  // namespace croft
