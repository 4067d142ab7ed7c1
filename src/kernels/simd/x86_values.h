#pragma once
/// Weighted sums of Q8_0 values for the few query heads of one token, for x86 backends.

#include <cstddef>

#include "kernels/kernel_table.h"
#include "kernels/simd/x86_formats.h"

namespace croft {

template <typename S>
struct X86Values {
  using V = typename S::V;
  using Q8 = typename X86Formats<S>::Q8_0;
  /// Two registers of sums per head stay in registers beside two of values.
  static constexpr std::size_t heads_at_once = S::tile_rows;

  /// One block of T heads: every value is made once and used at once, in the order of `accumulate`.
  template <std::size_t T>
  static void add_block(const Q8Rows& values, FloatRows weights, const float* factors, float* out,
                        std::size_t out_stride) {
    V total[T][2];
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t i = 0; i < 2; ++i)
        total[t][i] = S::mul(S::load(out + t * out_stride + 16 * i), S::set1(factors[t]));
    for (std::size_t r = 0; r < values.rows; ++r)
      Q8::decode(values.data + r * values.row_bytes, [&](std::size_t i, V value) {
        for (std::size_t t = 0; t < T; ++t)
          total[t][i] =
              S::mul_add(S::set1(weights.data[t * weights.stride + r]), value, total[t][i]);
      });
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t i = 0; i < 2; ++i) S::store(out + t * out_stride + 16 * i, total[t][i]);
  }

  template <std::size_t T>
  static void add_heads(const Q8Rows& values, FloatRows weights, const float* factors, float* out,
                        std::size_t out_stride, std::size_t blocks) {
    for (; weights.rows >= T; weights.rows -= T) {
      for (std::size_t b = 0; b < blocks; ++b)
        add_block<T>({values.data + b * q8_block_bytes, values.rows, values.row_bytes}, weights,
                     factors, out + b * q8_block_values, out_stride);
      weights.data += T * weights.stride;
      factors += T;
      out += T * out_stride;
    }
    if constexpr (T > 1) add_heads<T - 1>(values, weights, factors, out, out_stride, blocks);
  }

  static void accumulate(const Q8Rows& values, FloatRows weights, const float* factors, float* out,
                         std::size_t out_stride, std::size_t blocks) {
    add_heads<heads_at_once>(values, weights, factors, out, out_stride, blocks);
  }
};

}  // namespace croft
