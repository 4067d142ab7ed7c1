#pragma once
/// Hyper-parameters of a model, the same struct whichever file they came from. Every number is
/// range-checked when it is read (G12), so that later code may multiply and index freely.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "io/gguf.h"
#include "kernels/ops.h"

namespace croft {

enum class Architecture : std::uint8_t {
  Llama,  ///< SmolLM2, Llama 2/3, Mistral (also from model_type "mistral")
  Qwen2,
  Qwen3,
  Gemma2,
  Gemma3,
  Phi3,  ///< Phi-3, Phi-4-mini
  SmolLm3,
  Granite,
  Olmo2,
  Bert,
  NomicBert,
};

[[nodiscard]] std::string_view architecture_name(Architecture architecture);
/// "llama, qwen2, ..." for error messages.
[[nodiscard]] std::string supported_architectures();

enum class Activation : std::uint8_t { Silu, GeluTanh, GeluErf, Relu };

enum class Pooling : std::uint8_t { Mean, Cls, Last };

struct RopeConfig {
  /// GGUF llama, granite and smollm3 hold permuted Q/K rows and turn adjacent elements; all else
  /// turns halves.
  RopeStyle style = RopeStyle::Halves;
  std::uint32_t rotated = 0;     ///< dimensions of a head that rotate
  double theta = 10000.0;        ///< base of the global layers
  double theta_local = 10000.0;  ///< base of sliding layers where they have their own (Gemma 3)
  double linear_factor = 1.0;    ///< positions of global layers are divided by this
  std::vector<float> divisors;   ///< [rotated / 2] frequency divisors (llama3 scaling), empty: none
  // longrope: divisors by sequence length, and the factor cos and sin are multiplied by.
  std::vector<float> divisors_short;
  std::vector<float> divisors_long;
  std::uint32_t original_context = 0;  ///< longrope border; 0: no longrope
  float magnitude = 1.0f;
};

struct ModelConfig {
  Architecture architecture = Architecture::Llama;
  std::uint32_t vocabulary_size = 0;  ///< rows of the embedding matrix, padding included
  std::uint32_t hidden_size = 0;
  std::uint32_t layer_count = 0;
  std::uint32_t head_count = 0;
  std::uint32_t kv_head_count = 0;
  std::uint32_t head_size = 0;
  std::uint32_t ffn_size = 0;
  std::uint32_t context_length = 0;  ///< positions the model was trained for
  float norm_epsilon = 1e-5f;
  RopeConfig rope;
  float attention_scale = 0.0f;    ///< multiplies q·k
  float attention_softcap = 0.0f;  ///< 0: none
  float final_softcap = 0.0f;      ///< 0: none
  float embedding_scale = 1.0f;
  float residual_scale = 1.0f;
  float logit_divisor = 1.0f;
  std::uint32_t window =
      0;  ///< keys seen by a sliding layer, itself included; 0: no sliding layers
  std::vector<bool> layer_slides;  ///< [layer_count]
  std::vector<bool> layer_ropes;   ///< [layer_count]; false: no position encoding (SmolLM3)
  Activation activation = Activation::Silu;
  Pooling pooling = Pooling::Mean;  ///< encoders only
  /// Encoders: texts are cut to this many tokens, as the model's own configuration says
  /// (max_seq_length).
  std::uint32_t embedding_tokens_max = 0;

  [[nodiscard]] bool is_encoder() const {
    return architecture == Architecture::Bert || architecture == Architecture::NomicBert;
  }
  [[nodiscard]] std::uint32_t q_size() const { return head_count * head_size; }
  [[nodiscard]] std::uint32_t kv_size() const { return kv_head_count * head_size; }
};

/// From GGUF metadata. Errors: Unsupported (architecture named); Corrupt (key named).
Result<ModelConfig> config_from_gguf(const GgufFile& file);
/// From a Hugging Face folder's config.json (old and new style). Errors: as above.
Result<ModelConfig> config_from_json(const json::value& config);
/// Whether the output matrix is the embedding matrix (tie_word_embeddings, or the class's default).
[[nodiscard]] bool ties_embeddings(const json::value& config);

}  // namespace croft
