#pragma once
/// Opens what a model path points at and describes it, without building the forward pass.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "io/gguf.h"
#include "io/mapped_file.h"
#include "io/safetensors.h"
#include "model/model.h"

namespace croft {

/// A GGUF file, mapped and parsed.
struct GgufModelFile {
  MappedFile mapping;
  GgufFile file;
};

/// A Hugging Face folder: its configuration and its tensors.
struct FolderModelFile {
  std::filesystem::path folder;
  json::value config;
  SafetensorsFolder tensors;
};

Result<GgufModelFile> open_gguf_model(const std::filesystem::path& path);
Result<FolderModelFile> open_folder_model(const std::filesystem::path& folder);

/// Reads a whole small file. Errors: NotFound; TooLarge beyond `bytes_max`.
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t bytes_max);

/// config.json plus what lies beside it: pooling and max_seq_length of sentence-transformers
/// folders.
Result<ModelConfig> folder_config(const FolderModelFile& model);

[[nodiscard]] ModelInfo describe(const std::filesystem::path& path, const GgufModelFile& model);
[[nodiscard]] ModelInfo describe(const FolderModelFile& model);

/// The chat template; empty where there is none. Of several named templates the one called
/// "default".
Result<std::string> chat_template_of(const GgufFile& file);
Result<std::string> chat_template_of(const std::filesystem::path& folder);

}  // namespace croft
