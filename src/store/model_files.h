#pragma once
/// What lies on disk under a model's path: is it one that the readers accept, and which of its
/// files carries the weights.

#include <cstdint>
#include <filesystem>

#include "base/error.h"
#include "store/model_record.h"

namespace croft {

struct ModelFiles {
  ModelFormat format = ModelFormat::Gguf;
  std::uint64_t bytes = 0;        ///< of all files
  std::filesystem::path weights;  ///< the GGUF, or the first safetensors file by name
};

/// Reads the headers (never the weights) of a GGUF file or a Hugging Face folder.
/// Errors: NotFound; InvalidArgument (neither of the two); Corrupt, Unsupported (from the readers,
/// file named).
Result<ModelFiles> inspect_model(const std::filesystem::path& path);

/// Whether a folder looks like a Hugging Face model: config.json and a safetensors file.
[[nodiscard]] bool is_huggingface_folder(const std::filesystem::path& folder);

/// Errors: TooLarge, with both numbers, where the disk of `folder` has less than `bytes` and a
/// reserve free.
Result<void> check_disk_space(const std::filesystem::path& folder, std::uint64_t bytes);

}  // namespace croft
