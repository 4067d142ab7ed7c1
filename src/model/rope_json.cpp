#include "model/rope_json.h"

#include <cmath>

#include "model/rope_scaling.h"

namespace croft {
namespace {

struct RopeParts {
  const json::value* global = nullptr;  ///< parameters of full-attention layers, or null
  const json::value* local = nullptr;   ///< parameters of sliding layers where they are given apart
};

RopeParts find_parts(const json::value& config) {
  const json::value* scaling = find(config, "rope_scaling");
  const json::value* parameters = find(config, "rope_parameters");
  // Where a file has both, the reference lets the older key win, unless it is empty.
  const bool scales = scaling != nullptr && !scaling->get_object().empty();
  if (scales || parameters == nullptr) return {scaling, nullptr};
  const json::value* full = find(*parameters, "full_attention");
  if (full == nullptr) return {parameters, nullptr};
  return {full, find(*parameters, "sliding_attention")};
}

std::string_view rope_type(const json::value* parameters) {
  if (parameters == nullptr) return "default";
  if (const auto name = find_string(*parameters, "rope_type")) return *name;
  return find_string(*parameters, "type").value_or("default");  // the first Phi-3 files say "type"
}

Result<double> required(const json::value& parameters, std::string_view key) {
  const std::optional<double> value = find_number(parameters, key);
  if (!value || !(*value > 0.0) || *value > 1e9) {
    return fail(
        ErrorCode::Corrupt,
        "config.json: the rope scaling needs a positive number \"" + std::string(key) + "\"", {},
        std::string(key));
  }
  return *value;
}

Result<std::vector<float>> factors(const json::value& parameters, std::string_view key) {
  const json::value* member = find(parameters, key);
  const json::array* list = member == nullptr ? nullptr : member->if_array();
  if (list == nullptr || list->empty() || list->size() > limits::head_size_max)
    return fail(ErrorCode::Corrupt,
                "config.json: the rope scaling needs a list \"" + std::string(key) + "\"", {},
                std::string(key));
  std::vector<float> values;
  values.reserve(list->size());
  for (const json::value& entry : *list) {
    if (!entry.is_number())
      return fail(ErrorCode::Corrupt,
                  "config.json: \"" + std::string(key) + "\" holds something else than numbers", {},
                  std::string(key));
    values.push_back(static_cast<float>(entry.to_number<double>()));
  }
  return values;
}

/// The number beside the scaling wins over the one inside it, and Phi-3's class has one of its own.
double original_context(const json::value& config, const json::value& parameters,
                        const ModelConfig& c) {
  constexpr std::string_view key = "original_max_position_embeddings";
  if (const auto value = find_number(config, key)) return *value;
  if (c.architecture == Architecture::Phi3) return 4096.0;
  return find_number(parameters, key).value_or(c.context_length);
}

Result<void> read_longrope(const json::value& config, const json::value& p, ModelConfig& c) {
  c.rope.divisors_short = TRY(factors(p, "short_factor"));
  c.rope.divisors_long = TRY(factors(p, "long_factor"));
  const double original = original_context(config, p, c);
  if (!(original >= 2.0 && original <= limits::context_max))
    return fail(ErrorCode::Corrupt,
                "config.json: longrope needs original_max_position_embeddings of at least 2", {},
                "original_max_position_embeddings");
  c.rope.original_context = static_cast<std::uint32_t>(original);
  const double factor = find_number(p, "factor").value_or(c.context_length / original);
  c.rope.magnitude = find_number(p, "attention_factor")
                         ? static_cast<float>(*find_number(p, "attention_factor"))
                         : longrope_magnitude(factor, original);
  return {};
}

Result<void> read_yarn(const json::value& config, const json::value& p, ModelConfig& c) {
  YarnScaling yarn;
  yarn.original_context = original_context(config, p, c);
  yarn.factor = find(p, "factor") == nullptr ? c.context_length / yarn.original_context
                                             : TRY(required(p, "factor"));
  yarn.beta_fast = find_number(p, "beta_fast").value_or(32.0);
  yarn.beta_slow = find_number(p, "beta_slow").value_or(1.0);
  yarn.truncate = find_bool(p, "truncate").value_or(true);
  if (!(yarn.original_context >= 1.0 && yarn.beta_fast > 0 && yarn.beta_slow > 0 &&
        c.rope.theta > 1.0))
    return fail(ErrorCode::Corrupt, "config.json: the YaRN scaling has a number out of range", {},
                "rope_scaling");
  c.rope.divisors = yarn_divisors(yarn, c.rope.theta, c.rope.rotated);
  const double mscale = find_number(p, "mscale").value_or(0.0);
  const double mscale_all = find_number(p, "mscale_all_dim").value_or(0.0);
  if (const auto attention_factor = find_number(p, "attention_factor"))
    c.rope.magnitude = static_cast<float>(*attention_factor);
  else if (mscale != 0.0 && mscale_all != 0.0)
    c.rope.magnitude =
        yarn_magnitude(yarn.factor, mscale) / yarn_magnitude(yarn.factor, mscale_all);
  else
    c.rope.magnitude = yarn_magnitude(yarn.factor);
  return {};
}

Result<void> read_scaling(const json::value& config, const json::value* p, ModelConfig& c) {
  const std::string_view kind = rope_type(p);
  if (kind == "default" || kind == "none") return {};
  if (kind == "linear") {
    c.rope.linear_factor = TRY(required(*p, "factor"));
    return {};
  }
  if (kind == "llama3") {
    const Llama3Scaling scaling{.factor = TRY(required(*p, "factor")),
                                .low_frequency_factor = TRY(required(*p, "low_freq_factor")),
                                .high_frequency_factor = TRY(required(*p, "high_freq_factor")),
                                .original_context = original_context(config, *p, c)};
    c.rope.divisors = llama3_divisors(scaling, c.rope.theta, c.rope.rotated);
    return {};
  }
  // Phi-3's first files say "su", and its class takes "yarn" for the same recipe.
  if (kind == "longrope" || kind == "su" ||
      (kind == "yarn" && c.architecture == Architecture::Phi3))
    return read_longrope(config, *p, c);
  if (kind == "yarn") return read_yarn(config, *p, c);
  return fail(
      ErrorCode::Unsupported,
      "config.json: the rope scaling \"" + std::string(kind.substr(0, 40)) + "\" is not supported",
      "Supported: default, linear, llama3, longrope, yarn.", "rope_scaling");
}

std::optional<double> theta_of(const json::value* part) {
  return part == nullptr ? std::nullopt : find_number(*part, "rope_theta");
}

/// Sliding layers of Gemma 3. No published model rescales them.
Result<void> read_local_rope(const json::value& config, const json::value* part, RopeConfig& rope) {
  if (const std::string_view kind = rope_type(part); kind != "default")
    return fail(ErrorCode::Unsupported,
                "config.json: the rope scaling \"" + std::string(kind.substr(0, 40)) +
                    "\" of sliding layers is not supported",
                {}, "sliding_attention");
  rope.theta_local =
      theta_of(part).value_or(find_number(config, "rope_local_base_freq").value_or(10000.0));
  return {};
}

double default_theta(Architecture architecture) {
  switch (architecture) {
    case Architecture::Gemma3:
      return 1e6;
    case Architecture::SmolLm3:
      return 2e6;
    case Architecture::NomicBert:
      return 1000.0;
    default:
      return 10000.0;
  }
}

/// The base of files that keep it outside rope_parameters; rotary_emb_base is Nomic's name for it.
double outer_theta(const json::value& config, Architecture architecture) {
  if (const auto theta = find_number(config, "rope_theta")) return *theta;
  if (architecture == Architecture::NomicBert)
    if (const auto base = find_number(config, "rotary_emb_base")) return *base;
  return default_theta(architecture);
}

/// The part of each head that rotates. The other families' classes turn whole heads whatever
/// partial_rotary_factor says.
double rotated_share(const json::value& config, const json::value* part,
                     Architecture architecture) {
  if (architecture == Architecture::NomicBert)
    return find_number(config, "rotary_emb_fraction").value_or(1.0);
  if (architecture != Architecture::Phi3) return 1.0;
  constexpr std::string_view key = "partial_rotary_factor";
  if (part != nullptr)
    if (const auto inner = find_number(*part, key)) return *inner;
  return find_number(config, key).value_or(1.0);
}

}  // namespace

Result<void> read_rope(const json::value& config, ModelConfig& c) {
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    const json::value* part = find(config, key);
    if (part != nullptr && !part->is_object())
      return fail(ErrorCode::Corrupt, "config.json: \"" + std::string(key) + "\" is not an object",
                  {}, std::string(key));
  }
  RopeConfig& rope = c.rope;
  rope.style = RopeStyle::Halves;  // safetensors keep the rows in this order for every family
  const RopeParts parts = find_parts(config);
  rope.theta = theta_of(parts.global).value_or(outer_theta(config, c.architecture));
  rope.theta_local = rope.theta;
  if (c.architecture == Architecture::Gemma3) TRY(read_local_rope(config, parts.local, rope));

  const double share = rotated_share(config, parts.global, c.architecture);
  if (!(share > 0.0 && share <= 1.0))
    return fail(ErrorCode::Corrupt, "config.json: partial_rotary_factor must lie in (0, 1]", {},
                "partial_rotary_factor");
  rope.rotated = static_cast<std::uint32_t>(c.head_size * share);
  if (!(rope.theta > 0.0))
    return fail(ErrorCode::Corrupt, "config.json: rope_theta must be positive", {}, "rope_theta");
  return read_scaling(config, parts.global, c);
}

}  // namespace croft
