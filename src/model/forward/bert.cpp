// BERT: learned positions (added by encoder.cpp), attention both ways, a layer norm on the sum
// after each block.
#include "model/forward/layers.h"

namespace croft {

void bert_layer(Pass& p, std::size_t i) {
  const LayerWeights& w = p.layer(i);
  project_qkv(p, w, p.x);
  attend_within(p);
  project_onto_x(p, w.o, p.attended);
  normalize(p, p.x, w.attention_post_norm, p.x, NormKind::Layer);

  project(p, w.up, p.x, p.up);
  activate(p, p.up);
  project_onto_x(p, w.down, p.up);
  normalize(p, p.x, w.ffn_post_norm, p.x, NormKind::Layer);
}

}  // namespace croft
