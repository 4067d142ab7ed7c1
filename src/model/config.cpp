#include "model/config.h"

#include <array>
#include <cstdio>

#include "base/check.h"
#include "model/config_check.h"

namespace croft {
namespace {

struct ArchitectureName {
  Architecture architecture;
  std::string_view name;
};
// The names GGUF uses; error messages list them.
constexpr std::array<ArchitectureName, 11> kNames = {{
    {Architecture::Llama, "llama"},
    {Architecture::Qwen2, "qwen2"},
    {Architecture::Qwen3, "qwen3"},
    {Architecture::Gemma2, "gemma2"},
    {Architecture::Gemma3, "gemma3"},
    {Architecture::Phi3, "phi3"},
    {Architecture::SmolLm3, "smollm3"},
    {Architecture::Granite, "granite"},
    {Architecture::Olmo2, "olmo2"},
    {Architecture::Bert, "bert"},
    {Architecture::NomicBert, "nomic-bert"},
}};

std::unexpected<Error> out_of_range(std::string_view what, double value, double low, double high) {
  return fail(ErrorCode::Corrupt,
              "the model's " + std::string(what) + " is " + short_number(value) + ", outside " +
                  short_number(low) + " to " + short_number(high),
              "The file is damaged or not a language model of a size Croft runs.",
              std::string(what));
}

Result<void> check_range(std::string_view what, double value, double low, double high) {
  if (!(value >= low && value <= high)) return out_of_range(what, value, low, high);
  return {};
}

Result<void> check_heads(const ModelConfig& c) {
  if (c.head_count % c.kv_head_count != 0) {
    return fail(ErrorCode::Corrupt, "the model has " + std::to_string(c.head_count) +
                                        " attention heads, no multiple of its " +
                                        std::to_string(c.kv_head_count) + " key-value heads");
  }
  const bool rotates = c.architecture != Architecture::Bert;
  if (rotates && (c.rope.rotated == 0 || c.rope.rotated % 2 != 0 || c.rope.rotated > c.head_size)) {
    return fail(ErrorCode::Corrupt, "the model rotates " + std::to_string(c.rope.rotated) +
                                        " dimensions of heads of " + std::to_string(c.head_size) +
                                        "; an even number up to the head size is needed");
  }
  return {};
}

Result<void> check_divisors(const std::vector<float>& divisors, std::string_view what,
                            std::uint32_t rotated) {
  if (divisors.empty()) return {};
  if (divisors.size() != rotated / 2) {
    return fail(ErrorCode::Corrupt, std::string(what) + " has " + std::to_string(divisors.size()) +
                                        " values where the rotated dimensions need " +
                                        std::to_string(rotated / 2));
  }
  for (const float divisor : divisors)
    TRY(check_range(what, static_cast<double>(divisor), 1e-6, 1e9));
  return {};
}

}  // namespace

std::string short_number(double value) {
  if (value < 1e15 && value > -1e15 &&
      value == static_cast<double>(static_cast<std::int64_t>(value)))
    return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

std::string_view architecture_name(Architecture architecture) {
  for (const ArchitectureName& entry : kNames)
    if (entry.architecture == architecture) return entry.name;
  return "unknown";
}

std::optional<Architecture> find_architecture(std::string_view gguf_name) {
  for (const ArchitectureName& entry : kNames)
    if (entry.name == gguf_name) return entry.architecture;
  return std::nullopt;
}

std::string supported_architectures() {
  std::string list;
  for (const ArchitectureName& entry : kNames)
    list += (list.empty() ? "" : ", ") + std::string(entry.name);
  return list;
}

std::unexpected<Error> unsupported_architecture(std::string_view name) {
  return fail(ErrorCode::Unsupported,
              "the architecture \"" + std::string(name.substr(0, 80)) + "\" is not supported",
              "Supported: " + supported_architectures() + ".", "architecture");
}

Result<void> check_config(const ModelConfig& c) {
  using namespace limits;
  TRY(check_range("vocabulary size", c.vocabulary_size, 1, vocabulary_max));
  TRY(check_range("hidden size", c.hidden_size, 1, hidden_max));
  TRY(check_range("layer count", c.layer_count, 1, layers_max));
  TRY(check_range("attention head count", c.head_count, 1, heads_max));
  TRY(check_range("key-value head count", c.kv_head_count, 1, heads_max));
  TRY(check_range("head size", c.head_size, 1, head_size_max));
  TRY(check_range("feed-forward size", c.ffn_size, 1, ffn_max));
  TRY(check_range("context length", c.context_length, 1, context_max));
  TRY(check_range("norm epsilon", static_cast<double>(c.norm_epsilon), 0, 1));
  TRY(check_range("rope base", c.rope.theta, 1, 1e12));
  TRY(check_range("local rope base", c.rope.theta_local, 1, 1e12));
  TRY(check_range("rope scaling factor", c.rope.linear_factor, 1e-3, 1e6));
  TRY(check_range("rope attention factor", static_cast<double>(c.rope.magnitude), 1e-3, 1e3));
  TRY(check_range("attention scale", static_cast<double>(c.attention_scale), 1e-9, 1e6));
  TRY(check_range("attention soft cap", static_cast<double>(c.attention_softcap), 0, 1e6));
  TRY(check_range("final soft cap", static_cast<double>(c.final_softcap), 0, 1e6));
  TRY(check_range("embedding scale", static_cast<double>(c.embedding_scale), -1e6, 1e6));
  TRY(check_range("residual scale", static_cast<double>(c.residual_scale), -1e6, 1e6));
  TRY(check_range("logit scale", static_cast<double>(c.logit_divisor), 1e-6, 1e6));
  TRY(check_heads(c));
  TRY(check_divisors(c.rope.divisors, "rope frequency factors", c.rope.rotated));
  TRY(check_divisors(c.rope.divisors_short, "short rope factors", c.rope.rotated));
  TRY(check_divisors(c.rope.divisors_long, "long rope factors", c.rope.rotated));
  CHECK(c.layer_slides.size() == c.layer_count && c.layer_ropes.size() == c.layer_count);
  return {};
}

}  // namespace croft
