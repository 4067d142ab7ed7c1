// config.json -> ModelConfig. Two styles occur: older files have rope_theta and rope_scaling, newer
// ones rope_parameters (nested by layer type for Gemma 3). Defaults are those of the transformers
// classes.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/checked.h"
#include "model/config.h"
#include "model/config_check.h"
#include "model/layer_kinds_json.h"
#include "model/rope_json.h"

namespace croft {
namespace {

struct ModelType {
  std::string_view model_type;
  Architecture architecture;
  bool tied_by_default;
};
constexpr std::array<ModelType, 13> kModelTypes = {{
    {"llama", Architecture::Llama, false},
    {"mistral", Architecture::Llama, false},
    {"qwen2", Architecture::Qwen2, false},
    {"qwen3", Architecture::Qwen3, false},
    {"gemma2", Architecture::Gemma2, true},
    {"gemma3_text", Architecture::Gemma3, true},
    {"phi3", Architecture::Phi3, false},
    {"smollm3", Architecture::SmolLm3, true},
    {"granite", Architecture::Granite, false},
    {"olmo2", Architecture::Olmo2, false},
    {"bert", Architecture::Bert, true},
    {"nomic_bert", Architecture::NomicBert, true},
    {"nomic-bert", Architecture::NomicBert, true},
}};

Result<std::uint32_t> count(const json::value& config, std::string_view key,
                            std::string_view other_key = {}) {
  std::optional<std::int64_t> value = find_int(config, key);
  if (!value && !other_key.empty()) value = find_int(config, other_key);
  if (!value) {
    return fail(ErrorCode::Corrupt,
                "config.json lacks the whole number \"" + std::string(key) + "\"",
                "The folder is incomplete; download it again.", std::string(key));
  }
  const auto narrowed = checked_cast<std::uint32_t>(*value);
  if (!narrowed)
    return fail(
        ErrorCode::Corrupt,
        "config.json: \"" + std::string(key) + "\" is " + std::to_string(*value) + ", not a count",
        {}, std::string(key));
  return *narrowed;
}

Result<std::uint32_t> count_or(const json::value& config, std::string_view key,
                               std::uint32_t otherwise) {
  if (find(config, key) == nullptr) return otherwise;
  return count(config, key);
}

float number_or(const json::value& config, std::string_view key, double otherwise) {
  return static_cast<float>(find_number(config, key).value_or(otherwise));
}

Result<void> read_activation(const json::value& config, ModelConfig& c) {
  // Gemma's files carry a legacy hidden_act that transformers ignores in favour of
  // hidden_activation.
  const bool gemma =
      c.architecture == Architecture::Gemma2 || c.architecture == Architecture::Gemma3;
  std::string_view name =
      gemma ? find_string(config, "hidden_activation").value_or("gelu_pytorch_tanh")
            : find_string(config, "hidden_act").value_or("silu");
  if (c.architecture == Architecture::NomicBert) {
    // The published files name the whole block, newer ones the function of its gate.
    name = find_string(config, "activation_function").value_or(name);
    if (name == "swiglu") name = "silu";
  }
  if (c.architecture == Architecture::Bert && find(config, "hidden_act") == nullptr) name = "gelu";
  if (name == "silu" || name == "swish") {
    c.activation = Activation::Silu;
  } else if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast") {
    c.activation = Activation::GeluTanh;
  } else if (name == "gelu") {
    c.activation = Activation::GeluErf;
  } else if (name == "relu") {
    c.activation = Activation::Relu;
  } else {
    return fail(
        ErrorCode::Unsupported,
        "config.json: the activation \"" + std::string(name.substr(0, 40)) + "\" is not supported",
        "Supported: silu, relu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh.", "hidden_act");
  }
  return {};
}

/// Where head_dim is missing, Qwen 3's and Gemma's classes have a fixed size; an explicit null
/// means the width per head.
std::uint32_t default_head_size(const json::value& config, const ModelConfig& c) {
  const bool said = config.get_object().contains("head_dim");
  if (!said && c.architecture == Architecture::Qwen3) return 128;
  if (!said && (c.architecture == Architecture::Gemma2 || c.architecture == Architecture::Gemma3))
    return 256;
  return c.hidden_size / c.head_count;
}

float default_epsilon(Architecture architecture) {
  switch (architecture) {
    case Architecture::Bert:
    case Architecture::NomicBert:
      return 1e-12f;
    case Architecture::Phi3:
    case Architecture::Olmo2:
      return 1e-5f;
    default:
      return 1e-6f;
  }
}

Result<void> read_shape(const json::value& config, ModelConfig& c) {
  c.vocabulary_size = TRY(count(config, "vocab_size"));
  c.hidden_size = TRY(count(config, "hidden_size", "n_embd"));
  c.layer_count = TRY(count(config, "num_hidden_layers", "n_layer"));
  c.head_count = TRY(count(config, "num_attention_heads", "n_head"));
  c.kv_head_count = TRY(count_or(config, "num_key_value_heads", c.head_count));
  c.ffn_size = TRY(count(config, "intermediate_size", "n_inner"));
  c.context_length = TRY(count(config, "max_position_embeddings", "n_positions"));
  if (c.head_count == 0 || c.kv_head_count == 0)
    return fail(ErrorCode::Corrupt, "config.json: the number of attention heads is 0", {},
                "num_attention_heads");
  c.head_size = TRY(count_or(config, "head_dim", default_head_size(config, c)));
  if (c.layer_count > limits::layers_max || c.head_size > limits::head_size_max)
    return fail(ErrorCode::Corrupt,
                "config.json: " + std::to_string(c.layer_count) + " layers of heads of " +
                    std::to_string(c.head_size) + " are more than any model has",
                {}, "num_hidden_layers");
  return {};
}

void read_scales(const json::value& config, ModelConfig& c) {
  const double scalar = static_cast<double>(c.head_size);
  c.attention_scale = static_cast<float>(1.0 / std::sqrt(scalar));
  if (c.architecture == Architecture::Gemma2 || c.architecture == Architecture::Gemma3) {
    c.attention_scale = static_cast<float>(
        1.0 / std::sqrt(find_number(config, "query_pre_attn_scalar").value_or(256.0)));
    c.embedding_scale = std::sqrt(static_cast<float>(c.hidden_size));
    const bool caps = c.architecture == Architecture::Gemma2;
    // An explicit null means no cap; only a missing key takes the class's default.
    const json::object* object = config.if_object();
    const auto cap = [&](std::string_view key, double otherwise) {
      return object->contains(key) ? number_or(config, key, 0.0)
                                   : static_cast<float>(caps ? otherwise : 0.0);
    };
    // Gemma 3's class has the key too and does not use it.
    if (caps) c.attention_softcap = cap("attn_logit_softcapping", 50.0);
    c.final_softcap = cap("final_logit_softcapping", 30.0);
  }
  if (c.architecture == Architecture::Granite) {
    c.attention_scale = number_or(config, "attention_multiplier", 1.0);
    c.embedding_scale = number_or(config, "embedding_multiplier", 1.0);
    c.residual_scale = number_or(config, "residual_multiplier", 1.0);
    c.logit_divisor = number_or(config, "logits_scaling", 1.0);
  }
}

/// A known key of another kind would read as missing, and a default would take its place.
Result<void> refuse_wrong_kinds(const json::value& config) {
  const auto refuse = [](std::string_view key, std::string_view wanted) {
    return fail(ErrorCode::Corrupt,
                "config.json: \"" + std::string(key) + "\" is not " + std::string(wanted), {},
                std::string(key));
  };
  for (const std::string_view key :
       {"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "rope_theta",
        "rope_local_base_freq", "rotary_emb_base", "rotary_emb_fraction", "partial_rotary_factor",
        "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping",
        "attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling",
        "original_max_position_embeddings"})
    if (const json::value* value = find(config, key); value != nullptr && !value->is_number())
      return refuse(key, "a number");
  for (const std::string_view key : {"tie_word_embeddings", "use_sliding_window"})
    if (const json::value* value = find(config, key); value != nullptr && !value->is_bool())
      return refuse(key, "true or false");
  for (const std::string_view key : {"hidden_act", "hidden_activation", "activation_function"})
    if (const json::value* value = find(config, key); value != nullptr && !value->is_string())
      return refuse(key, "a text");
  return {};
}

/// Settings that would change the mathematics and that Croft does not have: refused, never ignored.
Result<void> refuse_unknown_mathematics(const json::value& config, const ModelConfig& c) {
  const auto refuse = [](std::string_view key) {
    return fail(
        ErrorCode::Unsupported,
        "config.json: the setting \"" + std::string(key) + "\" has a value that is not supported",
        {}, std::string(key));
  };
  if (const auto kind = find_string(config, "position_embedding_type");
      c.architecture == Architecture::Bert && kind && *kind != "absolute")
    return refuse("position_embedding_type");
  for (const std::string_view key : {"use_bidirectional_attention", "rotary_emb_interleaved",
                                     "prenorm", "causal", "is_decoder", "add_cross_attention"})
    if (find_bool(config, key).value_or(false)) return refuse(key);
  if (find_number(config, "num_local_experts").value_or(0) > 0) return refuse("num_local_experts");
  if (find(config, "quantization_config") != nullptr) return refuse("quantization_config");
  return {};
}

}  // namespace

Result<ModelConfig> config_from_json(const json::value& root) {
  if (!root.is_object()) return fail(ErrorCode::Corrupt, "config.json is not a JSON object");
  const json::value* text = find(root, "text_config");
  const std::string_view outer = find_string(root, "model_type").value_or("");
  // Gemma 3's larger models wrap the text model; the vision part is not used.
  const json::value& config = outer == "gemma3" && text != nullptr ? *text : root;
  std::string_view name = find_string(config, "model_type").value_or("");
  if (outer == "gemma3") name = "gemma3_text";
  const auto known = std::ranges::find(kModelTypes, name, &ModelType::model_type);
  if (known == kModelTypes.end()) return unsupported_architecture(name.empty() ? "(none)" : name);

  ModelConfig c;
  c.architecture = known->architecture;
  TRY(refuse_wrong_kinds(config));
  TRY(read_shape(config, c));
  const char* epsilon_key = c.is_encoder() ? "layer_norm_eps" : "rms_norm_eps";
  std::optional<double> epsilon = find_number(config, epsilon_key);
  if (!epsilon && c.is_encoder()) epsilon = find_number(config, "layer_norm_epsilon");
  c.norm_epsilon = epsilon ? static_cast<float>(*epsilon) : default_epsilon(c.architecture);
  read_scales(config, c);
  TRY(read_activation(config, c));
  TRY(read_layer_kinds(config, c));
  TRY(refuse_unknown_mathematics(config, c));
  TRY(read_rope(config, c));
  TRY(check_config(c));
  return c;
}

bool ties_embeddings(const json::value& root) {
  const json::value* text = find(root, "text_config");
  const json::value& config = text != nullptr ? *text : root;
  if (const auto said = find_bool(config, "tie_word_embeddings")) return *said;
  if (const auto said = find_bool(root, "tie_word_embeddings")) return *said;
  std::string_view name = find_string(config, "model_type").value_or("");
  if (find_string(root, "model_type") == "gemma3") name = "gemma3_text";
  const auto known = std::ranges::find(kModelTypes, name, &ModelType::model_type);
  return known != kModelTypes.end() && known->tied_by_default;
}

}  // namespace croft
