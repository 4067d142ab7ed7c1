#pragma once
/// The weights of a model, by role. Big matrices stay in the file's mapping; norms and biases
/// become float32.

#include <vector>

#include "base/error.h"
#include "kernels/matrix.h"
#include "model/config.h"
#include "model/tensor_names.h"
#include "model/tensor_source.h"

namespace croft {

/// out = x · matrixᵀ + bias; an empty bias means none.
struct Linear {
  PackedMatrix matrix;
  std::vector<float> bias;
};

struct Norm {
  std::vector<float> weight;
  std::vector<float> bias;  ///< encoders' layer norm only
};

/// Absent parts are empty; each forward pass knows which its family has.
struct LayerWeights {
  Norm attention_norm, attention_post_norm;
  Norm ffn_norm, ffn_post_norm;
  Linear q, k, v, o;
  Norm q_norm, k_norm;
  Linear gate, up, down;
};

struct ModelWeights {
  PackedMatrix embedding;  ///< [vocabulary, hidden]
  PackedMatrix output;     ///< [vocabulary, hidden]; the embedding where they are tied
  Norm final_norm;
  PackedMatrix positions;         ///< BERT: [context, hidden]
  std::vector<float> token_type;  ///< encoders: row 0 of the table, empty where there is none
  Norm embedding_norm;            ///< encoders
  std::vector<LayerWeights> layers;
};

struct WeightOptions {
  /// Gemma's safetensors hold w where the factor is 1 + w; GGUF files hold 1 + w already.
  bool norms_plus_one = false;
  /// Take the embedding as output matrix even where the file also has one.
  bool tied = false;
};

/// Takes every tensor the architecture needs and checks its shape against the configuration.
/// Errors: Corrupt (tensor missing or of another shape: both shapes named); Unsupported (a tensor
/// that this architecture would not use, which would mean a wrong answer).
Result<ModelWeights> load_weights(const ModelConfig& config, const TensorNames& names,
                                  TensorSource& source, const WeightOptions& options);

}  // namespace croft
