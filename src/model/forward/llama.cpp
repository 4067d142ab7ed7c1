// Llama's layer: pre-norm, rotary positions, gated SiLU. Five more architectures are this layer
// with other weights or settings, so they share it:
//   Mistral   a window (config.layer_slides, seen by attend_cached)
//   Qwen 2    biases on Q, K and V (added by project)
//   Phi-3     fused QKV and gate/up tensors, cut into rows by weights.cpp; part of a head may stay
//   unrotated, and
//             longrope may change the frequencies (config.rope)
//   SmolLM3   no positions in every fourth layer (config.layer_ropes, seen by rotate)
//   Granite   each branch is scaled before it joins (config.residual_scale); embeddings, scores and
//   logits have factors
//             of their own (config.embedding_scale, attention_scale, logit_divisor)
#include "model/forward/layers.h"

namespace croft {

void llama_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  normalize(p, p.x, w.attention_norm, p.normed);  // [rows, hidden]
  project_qkv(p, w, p.normed);  // q [rows, heads * head_size], k and v [rows, kv_heads * head_size]
  rotate(p, i);
  attend_cached(p, i);
  project_onto_x(p, w.o, p.attended, p.config.residual_scale);  // x [rows, hidden]

  normalize(p, p.x, w.ffn_norm, p.normed);
  gated_up(p, w, p.normed);  // up [rows, ffn]
  project_onto_x(p, w.down, p.up, p.config.residual_scale);
}

}  // namespace croft
