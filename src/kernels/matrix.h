#pragma once
/// Weights of a linear layer behind one type, so that layouts can change without touching
/// src/model/.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/cpu.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"
#include "base/view.h"

namespace croft {

/// A weight matrix [rows = outputs, cols = inputs] in the file's layout or packed for the kernels
/// (packed_layout.h). A packed matrix has strips of 16 rows first; the up to 15 rows that fill no
/// strip follow in the file's layout, so that both layouts have the same size.
///
/// The bytes are viewed in place (`source` must outlive the matrix) unless it owns them.
/// Requires: cols is a multiple of the type's block size; source.size() == rows * row_bytes(type,
/// cols).
class PackedMatrix {
 public:
  PackedMatrix() = default;
  static PackedMatrix view(TensorType type, std::size_t rows, std::size_t cols,
                           std::span<const std::byte> source);
  /// Takes ownership of bytes in the file layout (used where rows had to be moved: HF's Q/K
  /// permutation).
  static PackedMatrix own(TensorType type, std::size_t rows, std::size_t cols,
                          std::shared_ptr<const std::byte[]> bytes);
  /// Bytes that `pack` made. A type without a packed layout stays in the file's.
  static PackedMatrix view_packed(TensorType type, std::size_t rows, std::size_t cols,
                                  std::span<const std::byte> packed);

  [[nodiscard]] TensorType type() const { return type_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] bool is_packed() const { return packed_; }
  [[nodiscard]] std::size_t bytes_per_row() const { return bytes_per_row_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, rows_ * bytes_per_row_}; }
  /// Rows that lie in strips; the others are in the file's layout.
  [[nodiscard]] std::size_t strip_row_count() const { return packed_ ? rows_ / 16 * 16 : 0; }
  /// Where row r lies, or would lie in the file's layout: strips begin at multiples of 16.
  [[nodiscard]] const std::byte* row_data(std::size_t r) const {
    return data_ + r * bytes_per_row_;
  }
  /// Rows [first, first + count) as a matrix of their own: a fused QKV or gate/up tensor is cut
  /// this way. Of a packed matrix these must be the rows that were packed as a matrix of their own.
  [[nodiscard]] PackedMatrix row_range(std::size_t first, std::size_t count) const;

 private:
  TensorType type_ = TensorType::F32;
  bool packed_ = false;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t bytes_per_row_ = 0;
  const std::byte* data_ = nullptr;
  std::shared_ptr<const std::byte[]> owned_;
};

/// Whether packing a matrix of this shape changes it: the type has a packed layout and a row is
/// whole blocks of 32 activations.
[[nodiscard]] bool can_pack(TensorType type, std::size_t rows, std::size_t cols);

/// Rows [first, first + count) of `matrix` in packed layout. Requires: can_pack; first and count
/// multiples of 16, or the range ends with the matrix; out has the size of those rows.
void pack_rows(const PackedMatrix& matrix, std::size_t first, std::size_t count,
               std::span<std::byte> out);

/// One of the products that share their activations.
struct Product {
  const PackedMatrix* weights = nullptr;
  MatrixView<float> out;
};

/// Called when rows [first, first + count) of a product's outputs are there for all tokens, by the
/// thread that made them: the place for biases, residuals and activations. Calls cover disjoint
/// ranges.
using OutputsDone = std::function<void(std::size_t product, std::size_t first, std::size_t count)>;

struct MatmulOptions {
  /// The products have equally many outputs and `done` is called once for all of them together
  /// (product 0): gate and up.
  bool together = false;
  /// Every row gets second blocks of activations: for the few rows whose logits are wanted, where
  /// an error is not averaged by anything that follows.
  bool precise = false;
  OutputsDone done = nullptr;
};

/// out = x · weightsᵀ for every product.
///
/// Shapes:   weights [n_out, n_in], x [n_rows, n_in], out [n_rows, n_out]; row-major with strides.
/// Packed:   activations become 8-bit blocks (quantized_rows.h); rows that do not fit such blocks
///           get a second set of blocks for what the first leaves (see precise_rows.h).
/// Requires: out does not alias x.
/// Threads:  splits n_out over `pool`. A row's result depends neither on the thread count nor on
/// which other rows
///           are in the batch: the same order of the same operations, bit for bit. For packed
///           weights it does not depend on the instruction set either.
void matmul(std::span<const Product> products, MatrixView<const float> x, Isa isa, ThreadPool& pool,
            const MatmulOptions& options = {});

/// One product.
void matmul(const PackedMatrix& weights, MatrixView<const float> x, MatrixView<float> out, Isa isa,
            ThreadPool& pool);

/// Dequantizes row r into out (n_in floats), bit for bit as the format defines
/// (docs/formats/ggml_types.md).
void dequantize_row(const PackedMatrix& weights, std::size_t r, std::span<float> out);

}  // namespace croft
