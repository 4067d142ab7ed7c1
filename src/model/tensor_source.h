#pragma once
/// Tensors by name, whichever kind of file holds them.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/tensor_type.h"
#include "io/gguf.h"
#include "io/safetensors.h"
#include "kernels/matrix.h"

namespace croft {

struct TensorRef {
  TensorType type = TensorType::F32;
  std::vector<std::uint64_t> shape;  ///< row-major
  std::span<const std::byte> bytes;
  bool packed = false;  ///< the bytes lie as products read them (packed_file.h)

  /// The matrix [rows, cols]; its elements must be as many as the tensor's.
  [[nodiscard]] PackedMatrix matrix(std::uint64_t rows, std::uint64_t cols) const;
};

/// Remembers which tensors were asked for, so that a tensor nobody uses is an error and not a wrong
/// answer.
class TensorSource {
 public:
  /// The views point into the file's mapping, which must outlive the source.
  static TensorSource from(const GgufFile& file);
  static TensorSource from(const SafetensorsFolder& folder);

  /// Marks the tensor as used. Null where there is none.
  [[nodiscard]] const TensorRef* take(const std::string& name);
  /// Requires: the tensor is there.
  void mark_packed(std::string_view name);
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  /// Names never taken, sorted.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  struct Entry {
    TensorRef tensor;
    bool used = false;
  };
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace croft
