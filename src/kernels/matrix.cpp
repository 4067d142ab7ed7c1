#include "kernels/matrix.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kernels/dequantize.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"

namespace croft {
namespace {

struct RowScratch;

std::size_t bytes_of(TensorType type, std::size_t cols) {
  const auto bytes = row_bytes(type, cols);
  CHECK(bytes.has_value());
  return static_cast<std::size_t>(*bytes);
}

}  // namespace

PackedMatrix PackedMatrix::view(TensorType type, std::size_t rows, std::size_t cols,
                                std::span<const std::byte> source) {
  PackedMatrix out;
  out.type_ = type;
  out.rows_ = rows;
  out.cols_ = cols;
  out.bytes_per_row_ = bytes_of(type, cols);
  CHECK(source.size() == rows * out.bytes_per_row_);
  out.data_ = source.data();
  return out;
}

PackedMatrix PackedMatrix::own(TensorType type, std::size_t rows, std::size_t cols,
                               std::shared_ptr<const std::byte[]> bytes) {
  PackedMatrix out = view(type, rows, cols, {bytes.get(), rows * bytes_of(type, cols)});
  out.owned_ = std::move(bytes);
  return out;
}

PackedMatrix PackedMatrix::view_packed(TensorType type, std::size_t rows, std::size_t cols,
                                       std::span<const std::byte> packed) {
  PackedMatrix out = view(type, rows, cols, packed);
  out.packed_ = can_pack(type, rows, cols);
  return out;
}

PackedMatrix PackedMatrix::row_range(std::size_t first, std::size_t count) const {
  CHECK(first <= rows_ && count <= rows_ - first);
  PackedMatrix out = *this;
  out.rows_ = count;
  out.data_ = row_data(first);
  out.packed_ = packed_ && can_pack(type_, count, cols_);
  return out;
}

bool can_pack(TensorType type, std::size_t rows, std::size_t cols) {
  return packed_format(type) != nullptr && rows >= strip_rows && cols % quantized_block == 0;
}

void pack_rows(const PackedMatrix& matrix, std::size_t first, std::size_t count,
               std::span<std::byte> out) {
  CHECK(!matrix.is_packed() && can_pack(matrix.type(), matrix.rows(), matrix.cols()));
  CHECK(first % strip_rows == 0 && first + count <= matrix.rows());
  CHECK(out.size() == count * matrix.bytes_per_row());
  const std::size_t strip_bytes = strip_rows * matrix.bytes_per_row();
  std::size_t done = 0;
  for (; done + strip_rows <= count; done += strip_rows)
    pack_strip(matrix.type(), matrix.cols(), {matrix.row_data(first + done), strip_bytes},
               out.subspan(done * matrix.bytes_per_row(), strip_bytes));
  if (done == count) return;
  CHECK(first + count == matrix.rows());
  std::copy_n(matrix.row_data(first + done), (count - done) * matrix.bytes_per_row(),
              out.data() + done * matrix.bytes_per_row());
}

void matmul(const PackedMatrix& weights, MatrixView<const float> x, MatrixView<float> out, Isa isa,
            ThreadPool& pool) {
  const Product product{&weights, out};
  matmul({&product, 1}, x, isa, pool);
}

void dequantize_row(const PackedMatrix& weights, std::size_t r, std::span<float> out) {
  CHECK(r < weights.rows() && out.size() == weights.cols());
  const std::byte* row = weights.row_data(r);
  if (r < weights.strip_row_count()) {
    const std::size_t size = weights.bytes_per_row();
    std::byte* unpacked = thread_scratch<RowScratch, std::byte>(size);
    unpack_row(weights.type(), weights.cols(),
               {weights.row_data(r / strip_rows * strip_rows), strip_rows * size}, r % strip_rows,
               {unpacked, size});
    row = unpacked;
  }
  dequantize_reference(weights.type(), row, out.size(), out.data());
}

}  // namespace croft
