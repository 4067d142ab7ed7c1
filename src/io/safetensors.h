#pragma once
/// safetensors reader: one file, or a Hugging Face folder with `model.safetensors` or a sharded
/// index. Hostile input, same rules as gguf.h. Source: docs/formats/safetensors.md.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/tensor_type.h"
#include "io/mapped_file.h"
#include "io/name_index.h"

namespace croft {

struct SafeTensor {
  std::string name;
  TensorType type = TensorType::F32;  ///< F32, F16 or BF16
  std::vector<std::uint64_t> shape;   ///< row-major
  std::span<const std::byte> bytes;   ///< may be unaligned for its type

  [[nodiscard]] std::uint64_t cols() const { return shape.empty() ? 1 : shape.back(); }
  [[nodiscard]] std::uint64_t rows() const;
};

/// Parses one file's bytes. Tensors of other element types (I64 position ids and the like) are
/// listed in `skipped`, by name, not dropped unseen. Tensors come in the order of their data; none
/// is empty, and together they cover the data without holes or overlaps, as the format demands.
/// Errors: Corrupt, with offset or tensor named.
struct SafetensorsFile {
  std::vector<SafeTensor> tensors;
  std::vector<std::string> skipped;
  static Result<SafetensorsFile> parse(std::span<const std::byte> bytes);
};

/// All tensors of a folder; owns the mappings. Errors: NotFound; Corrupt (a shard missing, a tensor
/// in two shards, an index entry that names a path outside the folder).
class SafetensorsFolder {
 public:
  static Result<SafetensorsFolder> open(const std::filesystem::path& folder);
  [[nodiscard]] const SafeTensor* find(std::string_view name) const;
  [[nodiscard]] const std::vector<SafeTensor>& tensors() const { return tensors_; }
  /// Names of the tensors whose element type is not read, over all shards.
  [[nodiscard]] const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  std::vector<MappedFile> files_;
  std::vector<SafeTensor> tensors_;
  std::vector<std::string> skipped_;
  NameIndex index_;
};

}  // namespace croft
