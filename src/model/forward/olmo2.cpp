// OLMo 2: no norm before a block, one on its output before it joins; Q and K are normed over all
// heads together.
#include "model/forward/layers.h"

namespace croft {

void olmo2_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  project_qkv(p, w, p.x);
  normalize(p, p.q, w.q_norm, p.q);
  normalize(p, p.k, w.k_norm, p.k);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);  // [rows, hidden]
  normalize(p, p.branch, w.attention_post_norm, p.branch);
  add_branch(p);

  gated_up(p, w, p.x);
  project(p, w.down, p.up, p.branch);
  normalize(p, p.branch, w.ffn_post_norm, p.branch);
  add_branch(p);
}

}  // namespace croft
