// GGUF metadata -> ModelConfig. What GGUF has no key for (Gemma's layer pattern, SmolLM3's
// unrotated layers) is filled in with what every published model of the family uses.
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "model/config.h"
#include "model/config_check.h"
#include "model/rope_scaling.h"

namespace croft {
namespace {

/// Reads keys below "<architecture>.".
class Keys {
 public:
  Keys(const GgufFile& file, std::string_view prefix) : file_(file), prefix_(prefix) {}

  [[nodiscard]] std::string full(std::string_view key) const {
    return prefix_ + "." + std::string(key);
  }
  /// Also takes a per-layer array whose values are all equal; differing layers are Unsupported.
  Result<std::optional<std::uint32_t>> count(std::string_view key) const {
    const std::string name = full(key);
    const GgufValue* value = file_.find(name);
    if (value == nullptr) return std::nullopt;
    if (const GgufNumbers* array = std::get_if<GgufNumbers>(&value->data))
      return uniform(name, *array);
    return narrow(name, TRY(file_.integer(name)).value_or(0));
  }
  Result<std::uint32_t> required(std::string_view key) const {
    const std::optional<std::uint32_t> value = TRY(count(key));
    if (!value) {
      return fail(ErrorCode::Corrupt, "the metadata key " + full(key) + " is missing",
                  "The file is incomplete; convert or download the model again.", full(key));
    }
    return *value;
  }
  Result<std::optional<double>> number(std::string_view key) const {
    return file_.number(full(key));
  }
  Result<float> number_or(std::string_view key, double otherwise) const {
    return static_cast<float>(TRY(number(key)).value_or(otherwise));
  }

 private:
  static Result<std::optional<std::uint32_t>> narrow(const std::string& name, std::int64_t value) {
    const auto narrowed = checked_cast<std::uint32_t>(value);
    if (!narrowed) {
      return fail(
          ErrorCode::Corrupt,
          "the metadata key " + name + " is " + std::to_string(value) + ", not a 32-bit count",
          "The file is damaged.", name);
    }
    return *narrowed;
  }
  static Result<std::optional<std::uint32_t>> uniform(const std::string& name,
                                                      const GgufNumbers& array) {
    if (array.count == 0)
      return fail(ErrorCode::Corrupt, "the metadata array " + name + " is empty", {}, name);
    for (std::size_t i = 1; i < array.count; ++i) {
      if (array.integer(i) != array.integer(0)) {
        return fail(
            ErrorCode::Unsupported,
            "the metadata array " + name + " differs between layers, which is not supported", {},
            name);
      }
    }
    return narrow(name, array.integer(0));
  }

  const GgufFile& file_;
  std::string prefix_;
};

Result<std::vector<float>> float_tensor(const GgufFile& file, std::string_view name) {
  const GgufTensor* tensor = file.find_tensor(name);
  if (tensor == nullptr) return std::vector<float>{};
  if (tensor->type != TensorType::F32 || tensor->shape.size() != 1 ||
      tensor->cols() > limits::head_size_max) {
    return fail(ErrorCode::Corrupt, "the tensor " + std::string(name) +
                                        " must be one row of F32 values, one per rotated pair");
  }
  std::vector<float> values(tensor->cols());
  std::memcpy(values.data(), tensor->bytes.data(), values.size() * sizeof(float));
  return values;
}

Result<void> read_rope_scaling(const GgufFile& file, const Keys& keys, ModelConfig& c) {
  RopeConfig& rope = c.rope;
  const std::string_view kind =
      TRY(file.string(keys.full("rope.scaling.type"))).value_or(std::string_view{});
  std::optional<double> factor = TRY(keys.number("rope.scaling.factor"));
  if (!factor) factor = TRY(keys.number("rope.scale_linear"));
  const auto original = TRY(keys.count("rope.scaling.original_context_length"));
  if (kind == "yarn") {
    YarnScaling yarn{.factor = factor.value_or(1.0),
                     .original_context = static_cast<double>(original.value_or(c.context_length))};
    yarn.beta_fast = static_cast<double>(TRY(keys.number_or("rope.scaling.yarn_beta_fast", 32.0)));
    yarn.beta_slow = static_cast<double>(TRY(keys.number_or("rope.scaling.yarn_beta_slow", 1.0)));
    if (!(yarn.factor >= 1.0 && yarn.original_context >= 1.0 && rope.theta > 1.0))
      return fail(ErrorCode::Corrupt, "the YaRN scaling of " + keys.full("rope.scaling") +
                                          " needs a factor and an original context of at least 1");
    rope.divisors = yarn_divisors(yarn, rope.theta, rope.rotated);
    rope.magnitude = yarn_magnitude(yarn.factor);
  } else if (kind.empty() || kind == "linear" || kind == "none" || kind == "longrope") {
    if (kind != "none" && kind != "longrope" && factor && *factor != 0.0)
      rope.linear_factor = *factor;
  } else {
    return fail(ErrorCode::Unsupported,
                "the rope scaling \"" + std::string(kind.substr(0, 40)) + "\" is not supported",
                "Supported: linear, yarn, llama3 (rope_freqs.weight), longrope.",
                keys.full("rope.scaling.type"));
  }
  if (auto factors = TRY(float_tensor(file, "rope_freqs.weight")); !factors.empty())
    rope.divisors = std::move(factors);
  rope.divisors_short = TRY(float_tensor(file, "rope_factors_short.weight"));
  rope.divisors_long = TRY(float_tensor(file, "rope_factors_long.weight"));
  if (rope.divisors_short.empty() != rope.divisors_long.empty())
    return fail(ErrorCode::Corrupt,
                "only one of rope_factors_short.weight and rope_factors_long.weight is there");
  if (!rope.divisors_long.empty()) {
    rope.original_context = original.value_or(c.context_length);
    rope.magnitude = TRY(keys.number_or("rope.scaling.attn_factor", 1.0));
  }
  return {};
}

/// Layer kinds and scales that only the family tells.
void apply_family(ModelConfig& c) {
  c.layer_slides.assign(c.layer_count, false);
  c.layer_ropes.assign(c.layer_count, true);
  const bool gemma =
      c.architecture == Architecture::Gemma2 || c.architecture == Architecture::Gemma3;
  if (gemma) {
    c.activation = Activation::GeluTanh;
    c.embedding_scale = std::sqrt(static_cast<float>(c.hidden_size));
    // The 27B models alone scale by the width per head instead of the head size.
    const std::uint32_t wide = c.architecture == Architecture::Gemma2 ? 46 : 62;
    if (c.layer_count == wide && c.head_count != 0)
      c.attention_scale = 1.0f / std::sqrt(static_cast<float>(c.hidden_size / c.head_count));
  }
  for (std::uint32_t i = 0; i < c.layer_count; ++i)
    if (c.architecture == Architecture::SmolLm3) c.layer_ropes[i] = (i + 1) % 4 != 0;
}

/// Which layers slide: by attention.sliding_window_pattern (a period, whose last layer is global,
/// or one flag a layer), which most files lack, else as the family's published models do.
Result<void> read_layer_kinds(const GgufFile& file, const Keys& keys, ModelConfig& c) {
  if (c.window == 0) return {};
  const std::string name = keys.full("attention.sliding_window_pattern");
  const GgufValue* value = file.find(name);
  if (const auto* flags = value == nullptr ? nullptr : std::get_if<GgufNumbers>(&value->data)) {
    if (flags->count != c.layer_count)
      return fail(ErrorCode::Corrupt,
                  "the metadata array " + name + " has " + std::to_string(flags->count) +
                      " entries for " + std::to_string(c.layer_count) + " layers",
                  {}, name);
    for (std::uint32_t i = 0; i < c.layer_count; ++i) c.layer_slides[i] = flags->integer(i) != 0;
    return {};
  }
  std::uint32_t period = 0;  // of one global layer each; 0: every layer slides
  if (c.architecture == Architecture::Gemma2) period = 2;
  if (c.architecture == Architecture::Gemma3) period = 6;
  period = TRY(keys.count("attention.sliding_window_pattern")).value_or(period);
  for (std::uint32_t i = 0; i < c.layer_count; ++i)
    c.layer_slides[i] = period == 0 || (i + 1) % period != 0;
  return {};
}

Result<void> read_encoder(const Keys& keys, ModelConfig& c) {
  c.activation = c.architecture == Architecture::Bert ? Activation::GeluErf : Activation::Silu;
  switch (TRY(keys.count("pooling_type")).value_or(1)) {
    case 1:
      c.pooling = Pooling::Mean;
      return {};
    case 2:
      c.pooling = Pooling::Cls;
      return {};
    case 3:
      c.pooling = Pooling::Last;
      return {};
    default:
      return fail(ErrorCode::Unsupported,
                  "the pooling type of " + keys.full("pooling_type") + " is not supported",
                  "Supported: 1 (mean), 2 (first token), 3 (last token).",
                  keys.full("pooling_type"));
  }
}

Result<void> read_attention(const GgufFile& file, const Keys& keys, ModelConfig& c) {
  c.head_count = TRY(keys.required("attention.head_count"));
  c.kv_head_count = TRY(keys.count("attention.head_count_kv")).value_or(c.head_count);
  const std::uint32_t by_width = c.head_count == 0 ? 0 : c.hidden_size / c.head_count;
  c.head_size = TRY(keys.count("attention.key_length")).value_or(by_width);
  const std::uint32_t value_size = TRY(keys.count("attention.value_length")).value_or(c.head_size);
  if (value_size != c.head_size) {
    return fail(ErrorCode::Unsupported, "keys of " + std::to_string(c.head_size) +
                                            " and values of " + std::to_string(value_size) +
                                            " dimensions in one head are not supported");
  }
  c.window = TRY(keys.count("attention.sliding_window")).value_or(0);
  // Gemma 2 files from before these keys existed belong to models that have the caps.
  const bool caps = c.architecture == Architecture::Gemma2;
  if (caps) c.attention_softcap = TRY(keys.number_or("attn_logit_softcapping", 50.0));
  c.final_softcap = TRY(keys.number_or("final_logit_softcapping", caps ? 30.0 : 0.0));
  const float by_head = c.head_size == 0 ? 0.0f : 1.0f / std::sqrt(static_cast<float>(c.head_size));
  c.attention_scale = TRY(keys.number_or("attention.scale", static_cast<double>(by_head)));
  if (c.attention_scale == 0.0f) c.attention_scale = by_head;
  if (TRY(file.boolean(keys.full("attention.causal"))).value_or(true) == c.is_encoder() &&
      file.find(keys.full("attention.causal")) != nullptr)
    return fail(ErrorCode::Unsupported, "attention.causal contradicts the architecture " +
                                            std::string(architecture_name(c.architecture)));
  c.rope.rotated = TRY(keys.count("rope.dimension_count")).value_or(c.head_size);
  c.rope.theta = TRY(keys.number("rope.freq_base")).value_or(10000.0);
  c.rope.theta_local =
      TRY(keys.number("rope.freq_base_swa"))
          .value_or(c.architecture == Architecture::Gemma3 ? 10000.0 : c.rope.theta);
  const bool adjacent = c.architecture == Architecture::Llama ||
                        c.architecture == Architecture::Granite ||
                        c.architecture == Architecture::SmolLm3;
  c.rope.style = adjacent ? RopeStyle::Adjacent : RopeStyle::Halves;
  return {};
}

Result<void> read_norm_epsilon(const Keys& keys, ModelConfig& c) {
  const std::string_view key =
      c.is_encoder() ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
  const std::optional<double> epsilon = TRY(keys.number(key));
  if (!epsilon)
    return fail(ErrorCode::Corrupt, "the metadata key " + keys.full(key) + " is missing", {},
                keys.full(key));
  c.norm_epsilon = static_cast<float>(*epsilon);
  return {};
}

}  // namespace

Result<ModelConfig> config_from_gguf(const GgufFile& file) {
  const std::optional<std::string_view> name = TRY(file.string("general.architecture"));
  if (!name) {
    return fail(ErrorCode::Corrupt, "the metadata key general.architecture is missing",
                "The file is not a language model.", "general.architecture");
  }
  const std::optional<Architecture> architecture = find_architecture(*name);
  if (!architecture) return unsupported_architecture(*name);
  const Keys keys(file, *name);
  ModelConfig c;
  c.architecture = *architecture;
  if (TRY(keys.count("expert_count")).value_or(0) != 0)
    return unsupported_architecture(std::string(*name) + " with experts (mixture of experts)");
  c.hidden_size = TRY(keys.required("embedding_length"));
  c.layer_count = TRY(keys.required("block_count"));
  c.ffn_size = TRY(keys.required("feed_forward_length"));
  c.context_length = TRY(keys.required("context_length"));
  if (const GgufTensor* embedding = file.find_tensor("token_embd.weight"))
    c.vocabulary_size = checked_cast<std::uint32_t>(embedding->rows()).value_or(0);
  else if (const GgufStrings* tokens = TRY(file.strings("tokenizer.ggml.tokens")))
    c.vocabulary_size = checked_cast<std::uint32_t>(tokens->size()).value_or(0);
  TRY(read_norm_epsilon(keys, c));
  TRY(read_attention(file, keys, c));
  if (c.layer_count > limits::layers_max || c.rope.rotated > limits::head_size_max)
    return fail(ErrorCode::Corrupt,
                "the model claims " + std::to_string(c.layer_count) + " layers and heads of " +
                    std::to_string(c.rope.rotated),
                "The file is damaged.", keys.full("block_count"));
  TRY(read_rope_scaling(file, keys, c));
  apply_family(c);
  TRY(read_layer_kinds(file, keys, c));
  if (c.architecture == Architecture::Granite) {
    c.embedding_scale = TRY(keys.number_or("embedding_scale", 1.0));
    c.residual_scale = TRY(keys.number_or("residual_scale", 1.0));
    c.logit_divisor = TRY(keys.number_or("logit_scale", 1.0));
  }
  if (c.is_encoder()) TRY(read_encoder(keys, c));
  TRY(check_config(c));
  return c;
}

}  // namespace croft
