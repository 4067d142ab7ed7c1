#pragma once
/// Matrix products over float panels, for any backend.
///
/// Every value out[t][r] is made the same way wherever it is computed: one 16-lane accumulator runs
/// along the inputs in steps of 16 (a shorter last step is padded with 0), then the lanes are
/// summed by S::reduce_add.

#include <cstddef>

#include "kernels/kernel_table.h"

namespace croft {

template <typename S>
struct SimdMatmul {
  using V = typename S::V;

  /// R panel rows times T x rows, all accumulators in registers.
  template <std::size_t R, std::size_t T>
  static void tile(const float* panel, std::size_t panel_stride, const float* x,
                   std::size_t x_stride, std::size_t cols, float* out, std::size_t out_stride) {
    V total[T][R];
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t r = 0; r < R; ++r) total[t][r] = S::zero();
    const auto step = [&](auto load, std::size_t k) {
      V w[R];
      for (std::size_t r = 0; r < R; ++r) w[r] = load(panel + r * panel_stride + k);
      for (std::size_t t = 0; t < T; ++t) {
        const V value = load(x + t * x_stride + k);
        for (std::size_t r = 0; r < R; ++r) total[t][r] = S::mul_add(w[r], value, total[t][r]);
      }
    };
    std::size_t k = 0;
    for (; k + 16 <= cols; k += 16) step([](const float* p) { return S::load(p); }, k);
    if (k < cols) step([&](const float* p) { return S::load_first(p, cols - k); }, k);
    for (std::size_t t = 0; t < T; ++t) S::reduce_add_each(total[t], out + t * out_stride);
  }

  static float dot(const float* a, const float* b, std::size_t count) {
    float out = 0.0f;
    tile<1, 1>(a, 0, b, 0, count, &out, 0);
    return out;
  }

  /// The tokens left over when the tile's width does not divide them, in one narrower tile.
  template <std::size_t R, std::size_t T>
  static void last_tokens(const float* panel, std::size_t panel_stride, FloatRows x,
                          std::size_t cols, float* out, std::size_t out_stride) {
    if (x.rows == T) {
      tile<R, T>(panel, panel_stride, x.data, x.stride, cols, out, out_stride);
    } else if constexpr (T > 1) {
      last_tokens<R, T - 1>(panel, panel_stride, x, cols, out, out_stride);
    }
  }

  template <std::size_t R>
  static void rows_times_x(const float* panel, std::size_t panel_stride, FloatRows x,
                           std::size_t cols, float* out, std::size_t out_stride) {
    constexpr std::size_t width = S::tile_tokens;
    std::size_t t = 0;
    for (; t + width <= x.rows; t += width)
      tile<R, width>(panel, panel_stride, x.data + t * x.stride, x.stride, cols,
                     out + t * out_stride, out_stride);
    if (t < x.rows)
      last_tokens<R, width - 1>(panel, panel_stride, {x.data + t * x.stride, x.rows - t, x.stride},
                                cols, out + t * out_stride, out_stride);
  }

  static void multiply_panel(FloatRows panel, FloatRows x, std::size_t cols, float* out,
                             std::size_t out_stride) {
    std::size_t r = 0;
    for (; r + S::tile_rows <= panel.rows; r += S::tile_rows)
      rows_times_x<S::tile_rows>(panel.data + r * panel.stride, panel.stride, x, cols, out + r,
                                 out_stride);
    for (; r < panel.rows; ++r)
      rows_times_x<1>(panel.data + r * panel.stride, panel.stride, x, cols, out + r, out_stride);
  }
};

}  // namespace croft
