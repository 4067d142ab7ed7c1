#include "model/layer_kinds_json.h"

#include <algorithm>

#include "base/checked.h"

namespace croft {
namespace {

/// How a family's class in transformers decides which layers slide.
enum class SlidingRule : std::uint8_t {
  Never,          ///< the class does not read sliding_window, whatever the file says
  EveryLayer,     ///< Mistral, Phi-3: all layers, as soon as sliding_window is a number
  FromLayer,      ///< Qwen: those from max_window_layers on
  EveryOther,     ///< Gemma 2: 0, 2, 4, ...
  Pattern,        ///< Gemma 3: all but every sliding_window_pattern-th
  WhereUnrotated  ///< SmolLM3: those without position encoding
};

struct FamilyRule {
  SlidingRule rule = SlidingRule::Never;
  bool needs_switch = false;         ///< use_sliding_window must be true
  bool reads_layer_types = false;    ///< layer_types replaces the rule
  std::uint32_t default_window = 0;  ///< where the key is missing; an explicit null means none
};

FamilyRule rule_of(const json::value& config, Architecture architecture) {
  switch (architecture) {
    case Architecture::Llama:
      if (find_string(config, "model_type") != "mistral") return {};
      return {.rule = SlidingRule::EveryLayer, .default_window = 4096};
    case Architecture::Phi3:
      return {.rule = SlidingRule::EveryLayer};
    case Architecture::Qwen2:
    case Architecture::Qwen3:
      return {.rule = SlidingRule::FromLayer,
              .needs_switch = true,
              .reads_layer_types = true,
              .default_window = 4096};
    case Architecture::Gemma2:
      return {.rule = SlidingRule::EveryOther, .reads_layer_types = true, .default_window = 4096};
    case Architecture::Gemma3:
      return {.rule = SlidingRule::Pattern, .reads_layer_types = true, .default_window = 4096};
    case Architecture::SmolLm3:
      return {.rule = SlidingRule::WhereUnrotated, .needs_switch = true, .reads_layer_types = true};
    case Architecture::Granite:
    case Architecture::Olmo2:
    case Architecture::Bert:
    case Architecture::NomicBert:
      break;
  }
  return {};
}

Result<std::uint32_t> count_or(const json::value& config, std::string_view key,
                               std::uint32_t otherwise) {
  const json::value* value = find(config, key);
  if (value == nullptr) return otherwise;
  const std::optional<std::int64_t> number = find_int(config, key);
  const auto narrowed = number ? checked_cast<std::uint32_t>(*number) : std::nullopt;
  if (!narrowed)
    return fail(ErrorCode::Corrupt,
                "config.json: \"" + std::string(key) + "\" is not a count from 0 to 2^32 - 1", {},
                std::string(key));
  return *narrowed;
}

Result<std::uint32_t> window_of(const json::value& config, const FamilyRule& family) {
  if (family.rule == SlidingRule::Never) return 0U;
  if (family.needs_switch && !find_bool(config, "use_sliding_window").value_or(false)) return 0U;
  const json::object& object = config.get_object();
  if (object.contains("sliding_window")) return count_or(config, "sliding_window", 0);
  // The first Gemma 2 files spell it so.
  return count_or(config, "sliding_window_size", family.default_window);
}

/// A list with one entry a layer; null where the file has none.
Result<const json::array*> layer_list(const json::value& config, std::string_view key,
                                      std::uint32_t layer_count) {
  const json::value* value = find(config, key);
  if (value == nullptr) return nullptr;
  const json::array* list = value->if_array();
  if (list == nullptr || list->size() != layer_count)
    return fail(ErrorCode::Corrupt,
                "config.json: \"" + std::string(key) + "\" is not a list of " +
                    std::to_string(layer_count) + " entries, one for each layer",
                {}, std::string(key));
  return list;
}

Result<void> read_rotations(const json::value& config, ModelConfig& c) {
  c.layer_ropes.assign(c.layer_count, true);
  if (c.architecture != Architecture::SmolLm3) return {};
  const json::array* flags = TRY(layer_list(config, "no_rope_layers", c.layer_count));
  const std::uint32_t interval = TRY(count_or(config, "no_rope_layer_interval", 4));
  if (flags == nullptr && interval == 0)
    return fail(ErrorCode::Corrupt, "config.json: no_rope_layer_interval is 0", {},
                "no_rope_layer_interval");
  for (std::uint32_t i = 0; i < c.layer_count; ++i) {
    // Despite the key's name, 1 means that the layer rotates.
    c.layer_ropes[i] = flags == nullptr ? (i + 1) % interval != 0 : (*flags)[i] != json::value(0);
  }
  return {};
}

Result<bool> slides_by_name(const json::value& kind, std::uint32_t layer) {
  const json::string* name = kind.if_string();
  if (name != nullptr && *name == "sliding_attention") return true;
  if (name != nullptr && *name == "full_attention") return false;
  return fail(ErrorCode::Unsupported,
              "config.json: layer_types[" + std::to_string(layer) +
                  "] is neither sliding_attention nor full_attention",
              {}, "layer_types");
}

}  // namespace

Result<void> read_layer_kinds(const json::value& config, ModelConfig& c) {
  TRY(read_rotations(config, c));
  c.layer_slides.assign(c.layer_count, false);
  const FamilyRule family = rule_of(config, c.architecture);
  c.window = TRY(window_of(config, family));
  if (c.window == 0) return {};
  const json::array* kinds =
      family.reads_layer_types ? TRY(layer_list(config, "layer_types", c.layer_count)) : nullptr;
  // 28 is the class's default; a longer model that leaves the key out slides from there on.
  const std::uint32_t window_from = TRY(count_or(config, "max_window_layers", 28));
  const std::uint32_t pattern =
      std::max<std::uint32_t>(1, TRY(count_or(config, "sliding_window_pattern", 6)));
  for (std::uint32_t i = 0; i < c.layer_count; ++i) {
    if (kinds != nullptr) {
      c.layer_slides[i] = TRY(slides_by_name((*kinds)[i], i));
      continue;
    }
    switch (family.rule) {
      case SlidingRule::Never:
        break;
      case SlidingRule::EveryLayer:
        c.layer_slides[i] = true;
        break;
      case SlidingRule::FromLayer:
        c.layer_slides[i] = i >= window_from;
        break;
      case SlidingRule::EveryOther:
        c.layer_slides[i] = i % 2 == 0;
        break;
      case SlidingRule::Pattern:
        c.layer_slides[i] = (i + 1) % pattern != 0;
        break;
      case SlidingRule::WhereUnrotated:
        c.layer_slides[i] = !c.layer_ropes[i];
        break;
    }
  }
  return {};
}

}  // namespace croft
