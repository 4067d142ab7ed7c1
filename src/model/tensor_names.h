#pragma once
/// What each weight is called in GGUF files and in Hugging Face folders.

#include <cstddef>
#include <string>

#include "model/config.h"
#include "model/tensor_source.h"

namespace croft {

/// Names without the layer prefix and without ".weight" / ".bias"; empty: the family has no such
/// tensor.
struct LayerTensorNames {
  std::string attention_norm;  ///< before attention
  std::string
      attention_post_norm;  ///< after attention (Gemma, OLMo 2: on the branch; BERT: on the sum)
  std::string ffn_norm;
  std::string ffn_post_norm;
  std::string q, k, v, o;
  std::string qkv;  ///< the three fused, rows in this order
  std::string q_norm, k_norm;
  std::string gate, up, down;
  std::string gate_up;  ///< fused, gate rows first
};

struct TensorNames {
  std::string layer_prefix;  ///< "blk." or "model.layers."
  std::string embedding;
  std::string output;      ///< empty for encoders
  std::string final_norm;  ///< empty for encoders
  std::string positions;   ///< BERT's position table
  std::string token_types;
  std::string embedding_norm;
  LayerTensorNames layer;
};

[[nodiscard]] TensorNames gguf_names(Architecture architecture);
/// Finds the folder's prefix ("model.", "language_model.model.", "bert." or none) by looking for
/// the embedding.
[[nodiscard]] TensorNames hugging_face_names(Architecture architecture, const TensorSource& source);

/// Tensors that real files carry and that no forward pass needs: pooling heads, vision towers,
/// cached tables.
[[nodiscard]] bool is_ignorable_tensor(const std::string& name);

}  // namespace croft
