// Nomic BERT: BERT with rotary positions and a gated SiLU block.
#include "model/forward/layers.h"

namespace croft {

void nomic_bert_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  project_qkv(p, w, p.x);
  rotate(p, i);
  attend_within(p);
  project_onto_x(p, w.o, p.attended);
  normalize(p, p.x, w.attention_post_norm, p.x, NormKind::Layer);

  gated_up(p, w, p.x);
  project_onto_x(p, w.down, p.up);
  normalize(p, p.x, w.ffn_post_norm, p.x, NormKind::Layer);
}

}  // namespace croft
