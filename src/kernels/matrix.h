#pragma once
/// Weights of a linear layer behind one type, so that layouts can change without touching
/// src/model/.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/cpu.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"
#include "base/view.h"

namespace croft {

/// A weight matrix [rows = outputs, cols = inputs] in whatever layout the chosen kernels want.
///
/// Today that is the file's own layout, viewed in place (`source` must outlive it), unless `owned`
/// holds a copy. Requires: cols is a multiple of the type's block size; source.size() == rows *
/// row_bytes(type, cols).
class PackedMatrix {
 public:
  PackedMatrix() = default;
  static PackedMatrix view(TensorType type, std::size_t rows, std::size_t cols,
                           std::span<const std::byte> source);
  /// Takes ownership of bytes in the file layout (used where rows had to be moved: HF's Q/K
  /// permutation).
  static PackedMatrix own(TensorType type, std::size_t rows, std::size_t cols,
                          std::shared_ptr<const std::byte[]> bytes);

  [[nodiscard]] TensorType type() const { return type_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] std::size_t bytes_per_row() const { return bytes_per_row_; }
  [[nodiscard]] const std::byte* row_data(std::size_t r) const {
    return data_ + r * bytes_per_row_;
  }
  /// Rows [first, first + count) as a matrix of their own: a fused QKV or gate/up tensor is cut
  /// this way.
  [[nodiscard]] PackedMatrix row_range(std::size_t first, std::size_t count) const;

 private:
  TensorType type_ = TensorType::F32;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t bytes_per_row_ = 0;
  const std::byte* data_ = nullptr;
  std::shared_ptr<const std::byte[]> owned_;
};

/// out = x · weightsᵀ.
///
/// Shapes:   weights [n_out, n_in], x [n_rows, n_in], out [n_rows, n_out]; row-major with strides.
/// Requires: out does not alias x.
/// Threads:  splits n_out over `pool`. A row's result depends neither on the thread count nor on
/// which other rows
///           are in the batch: the same order of the same operations, bit for bit.
void matmul(const PackedMatrix& weights, MatrixView<const float> x, MatrixView<float> out, Isa isa,
            ThreadPool& pool);

/// Dequantizes row r into out (n_in floats), bit for bit as the format defines
/// (docs/formats/ggml_types.md).
void dequantize_row(const PackedMatrix& weights, std::size_t r, std::span<float> out);

}  // namespace croft
