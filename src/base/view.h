#pragma once
/// Views over row-major float matrices. They own nothing.

#include <cstddef>
#include <span>
#include <type_traits>

#include "base/check.h"

namespace croft {

/// A row-major matrix of `rows` x `cols`; row r starts at data + r * stride (stride in elements, >=
/// cols).
template <typename T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixView() = default;
  MatrixView(T* data_in, std::size_t rows_in, std::size_t cols_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(cols_in) {}
  MatrixView(T* data_in, std::size_t rows_in, std::size_t cols_in, std::size_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}
  /// A view of mutable data reads as a view of const data.
  template <typename U>
    requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
  MatrixView(const MatrixView<U>& other)  // NOLINT(google-explicit-constructor)
      : data(other.data), rows(other.rows), cols(other.cols), stride(other.stride) {}

  [[nodiscard]] std::span<T> row(std::size_t r) const {
    DCHECK(r < rows);
    return {data + r * stride, cols};
  }
  [[nodiscard]] MatrixView row_range(std::size_t first, std::size_t count) const {
    DCHECK(first + count <= rows);
    return {data + first * stride, count, cols, stride};
  }
  [[nodiscard]] MatrixView col_range(std::size_t first, std::size_t count) const {
    DCHECK(first + count <= cols);
    return {data + first, rows, count, stride};
  }
};

}  // namespace croft
