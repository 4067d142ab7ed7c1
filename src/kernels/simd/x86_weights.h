#pragma once
/// Dequantization and the single-token product for every weight format, for x86 backends.

#include <cstddef>

#include "base/tensor_type.h"
#include "kernels/kernel_table.h"
#include "kernels/simd/x86_formats.h"

namespace croft {

template <typename S>
struct X86Weights {
  using V = typename S::V;
  using Formats = X86Formats<S>;

  /// Weight rows that one pass over x serves: enough chains of multiply-adds to hide their latency
  /// of 4 cycles.
  static constexpr std::size_t rows_at_once = 8;

  /// A cut-off last block of an element type, padded with zeros to a whole one.
  template <typename Format>
  struct PaddedBlock {
    std::byte data[Format::bytes] = {};
    PaddedBlock(const std::byte* source, std::size_t count) {
      __builtin_memcpy(data, source, count * (Format::bytes / Format::values));
    }
  };

  template <typename Format>
  static void dequantize_as(const std::byte* source, std::size_t count, float* out) {
    std::size_t k = 0;
    for (; k + Format::values <= count; k += Format::values, source += Format::bytes)
      Format::decode(source, [&](std::size_t i, V value) { S::store(out + k + 16 * i, value); });
    if (k == count) return;
    const PaddedBlock<Format> last(source, count - k);
    Format::decode(last.data,
                   [&](std::size_t, V value) { S::store_first(out + k, value, count - k); });
  }

  /// out[r] = row r · x. One accumulator per row along x and one reduction: the bits of
  /// SimdMatmul's tiles.
  template <typename Format, std::size_t R>
  static void dot_rows(const std::byte* rows, std::size_t row_bytes, std::size_t cols,
                       const float* x, float* out) {
    V total[R];
    for (std::size_t r = 0; r < R; ++r) total[r] = S::zero();
    std::size_t k = 0;
    for (; k + Format::values <= cols; k += Format::values, rows += Format::bytes) {
      for (std::size_t r = 0; r < R; ++r)
        Format::decode(rows + r * row_bytes, [&](std::size_t i, V value) {
          total[r] = S::mul_add(value, S::load(x + k + 16 * i), total[r]);
        });
    }
    if (k < cols) {
      const V tail = S::load_first(x + k, cols - k);
      for (std::size_t r = 0; r < R; ++r) {
        const PaddedBlock<Format> last(rows + r * row_bytes, cols - k);
        Format::decode(last.data,
                       [&](std::size_t, V value) { total[r] = S::mul_add(value, tail, total[r]); });
      }
    }
    S::reduce_add_each(total, out);
  }

  template <typename Format>
  static void matvec_as(const WeightRows& w, const float* x, float* out) {
    std::size_t r = 0;
    for (; r + rows_at_once <= w.rows; r += rows_at_once)
      dot_rows<Format, rows_at_once>(w.data + r * w.row_bytes, w.row_bytes, w.cols, x, out + r);
    for (; r < w.rows; ++r)
      dot_rows<Format, 1>(w.data + r * w.row_bytes, w.row_bytes, w.cols, x, out + r);
  }

  /// Calls function with a value of the format's type; the one place where a type number becomes a
  /// type.
  template <typename Function>
  static void with_format(TensorType type, Function function) {
    switch (type) {
      case TensorType::F32:
        return function(typename Formats::F32{});
      case TensorType::F16:
        return function(typename Formats::F16{});
      case TensorType::BF16:
        return function(typename Formats::BF16{});
      case TensorType::Q4_0:
        return function(typename Formats::Q4_0{});
      case TensorType::Q4_1:
        return function(typename Formats::Q4_1{});
      case TensorType::Q5_0:
        return function(typename Formats::Q5_0{});
      case TensorType::Q5_1:
        return function(typename Formats::Q5_1{});
      case TensorType::Q8_0:
        return function(typename Formats::Q8_0{});
      case TensorType::Q2_K:
        return function(typename Formats::Q2_K{});
      case TensorType::Q3_K:
        return function(typename Formats::Q3_K{});
      case TensorType::Q4_K:
        return function(typename Formats::Q4_K{});
      case TensorType::Q5_K:
        return function(typename Formats::Q5_K{});
      case TensorType::Q6_K:
        return function(typename Formats::Q6_K{});
      case TensorType::IQ4_NL:
        return function(typename Formats::IQ4_NL{});
      case TensorType::IQ4_XS:
        return function(typename Formats::IQ4_XS{});
    }
  }

  static void dequantize(TensorType type, const std::byte* source, std::size_t count, float* out) {
    with_format(type, [&]<typename Format>(Format) { dequantize_as<Format>(source, count, out); });
  }

  static void matvec(const WeightRows& weights, const float* x, float* out) {
    with_format(weights.type, [&]<typename Format>(Format) { matvec_as<Format>(weights, x, out); });
  }
};

}  // namespace croft
