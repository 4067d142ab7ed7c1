// Gemma 2 and 3: a norm before and after each block, tanh GELU. Gemma 2 caps its attention scores
// (config.attention_softcap); Gemma 3 norms the heads of Q and K instead, and its sliding layers
// have a rope base of their own.
#include "model/forward/layers.h"

namespace croft {

void gemma2_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);  // [rows, hidden]
  project_qkv(p, w, p.normed);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);  // [rows, hidden]
  normalize(p, p.branch, w.attention_post_norm, p.branch);
  add_branch(p);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_up(p, w, p.normed);
  project(p, w.down, p.up, p.branch);
  normalize(p, p.branch, w.ffn_post_norm, p.branch);
  add_branch(p);
}

void gemma3_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);
  project_qkv(p, w, p.normed);
  normalize_heads(p, p.q, w.q_norm);
  normalize_heads(p, p.k, w.k_norm);
  rotate(p, i);
  attend_cached(p, i);
  project(p, w.o, p.attended, p.branch);
  normalize(p, p.branch, w.attention_post_norm, p.branch);
  add_branch(p);

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_up(p, w, p.normed);
  project(p, w.down, p.up, p.branch);
  normalize(p, p.branch, w.ffn_post_norm, p.branch);
  add_branch(p);
}

}  // namespace croft
