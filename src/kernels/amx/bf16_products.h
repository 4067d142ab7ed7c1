#pragma once
/// Products of packed weights with activations by BF16 tiles: weights and activations rounded once
/// to bfloat16, sums in float32 over the whole depth.
///
/// A weight is fma(quant, scale, minimum) in float32. It and an activation are rounded to 8
/// significant bits, each by at most 2^-8 of its magnitude: a product is off by at most 2^-7 of the
/// sum of magnitudes, and the sums add float32's rounding. Two by two tiles of sums stay in
/// registers over a chunk of the depth. A row's result depends on nothing but that row.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/amx/bf16_rows.h"
#include "kernels/amx/tiles.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_layout.h"
#include "kernels/scratch.h"
#include "kernels/simd/packed_formats.h"

namespace croft {

/// L: lanes (simd/lanes_*.h). Pack: rounding to bfloat16 (portable_bf16.h, avx512_bf16.h).
template <typename L, typename Pack, typename Tiles>
struct Bf16TileProducts {
  using I = typename L::I;
  using F = typename L::F;
  using Formats = PackedFormats<L>;
  using Record = typename Formats::Record;
  static_assert(L::width == strip_rows);

  static constexpr std::size_t tile_rows = tile_rows_max;
  /// Blocks of a chunk: two strips of the panel, 32 rows of inputs and the sums take 16 + 16 + 4
  /// KiB of a first-level cache of 48 at 8 blocks.
  static constexpr std::size_t chunk_blocks_max = 9;

  // Registers: two by two sums, two tiles of inputs, two of weights.
  static constexpr int sums = 0, inputs = 4, weights = 6;

  struct PanelScratch;

  template <typename Format>
  static std::size_t chunk_blocks(std::size_t blocks) {
    return depth_chunk(blocks, chunk_blocks_max, Format::blocks);
  }

  /// Input i (of 4) of 16 weights.
  template <typename Format>
  static CROFT_INLINE F weight(const I& quants, std::size_t i, F scale, F offset) {
    if constexpr (Format::bits == 8)
      return L::mul(Formats::signed_value(&quants, i), scale);
    else if constexpr (!Format::has_minimum && Format::zero_shift == 0)
      return L::mul(Formats::byte_value(&quants, i), scale);
    else
      return L::mul_add(Formats::byte_value(&quants, i), scale, offset);
  }

  /// Unpacks blocks [first, first + count) of a strip: a tile of 16 pairs of inputs each.
  template <typename Format>
  static void fill_panel(const std::byte* strip, std::size_t first, std::size_t count,
                         std::byte* panel) {
    const std::byte* record = strip + first / Format::blocks * Format::record_bytes;
    for (std::size_t b = 0; b < count; b += Format::blocks) {
      Format::read(Record{record, record + 32 * Format::halves},
                   [&](std::size_t block, I* quants, const F* scales, const F* minima)
                       __attribute__((always_inline)) {
                         std::byte* at = panel + (b + block) * tile_bytes;
                         for (std::size_t g = 0; g < Format::groups; ++g) {
                           // scale * (q - zero) is q * scale - zero * scale: a power of two, no
                           // rounding.
                           F offset = minima[g];
                           if constexpr (!Format::has_minimum)
                             offset =
                                 L::mul(scales[g], L::to_float(L::set(-(1 << Format::zero_shift))));
                           constexpr std::size_t steps = 8 / Format::groups;
                           for (std::size_t s = g * steps; s < (g + 1) * steps; ++s) {
                             const auto value = [&](std::size_t i) __attribute__((always_inline)) {
                               return weight<Format>(quants[s], i, scales[g], offset);
                             };
                             L::store(at + 128 * s, Pack::pairs(value(0), value(1)));
                             L::store(at + 128 * s + 64, Pack::pairs(value(2), value(3)));
                           }
                         }
                       });
      record += Format::record_bytes;
    }
  }

  template <std::size_t RowTiles, std::size_t Strips, typename Function>
  static CROFT_INLINE void each_sum(float* out, std::size_t out_stride, Function function) {
    const auto at = [&](std::size_t row, std::size_t strip) {
      return reinterpret_cast<std::byte*>(out + row * tile_rows * out_stride + strip * strip_rows);
    };
    function.template operator()<sums>(at(0, 0));
    if constexpr (Strips > 1) function.template operator()<sums + 1>(at(0, 1));
    if constexpr (RowTiles > 1) function.template operator()<sums + 2>(at(1, 0));
    if constexpr (RowTiles > 1 && Strips > 1) function.template operator()<sums + 3>(at(1, 1));
  }

  /// Up to 32 rows times up to two strips over `count` blocks; rows as configured. `begin`: sums
  /// start from 0.
  template <std::size_t RowTiles, std::size_t Strips>
  static void tile(const std::byte* panel, std::size_t strip_panel, const std::byte* x,
                   std::size_t x_stride, std::size_t count, bool begin, float* out,
                   std::size_t out_stride) {
    const std::size_t row_bytes = out_stride * sizeof(float);
    each_sum<RowTiles, Strips>(out, out_stride, [&]<int Sum>(std::byte* at) {
      if (begin)
        Tiles::template zero<Sum>();
      else
        Tiles::template load<Sum>(at, row_bytes);
    });
    for (std::size_t b = 0; b < count; ++b) {
      // The inputs of the next rows: they come from the second-level cache.
      for (std::size_t t = 0; t < RowTiles * tile_rows; ++t)
        __builtin_prefetch(x + (RowTiles * tile_rows + t) * x_stride + 64 * b);
      Tiles::template load<inputs>(x + 64 * b, x_stride);
      Tiles::template load<weights>(panel + b * tile_bytes, 64);
      Tiles::template dot_bf16<sums, inputs, weights>();
      if constexpr (Strips > 1) {
        Tiles::template load<weights + 1>(panel + strip_panel + b * tile_bytes, 64);
        Tiles::template dot_bf16<sums + 1, inputs, weights + 1>();
      }
      if constexpr (RowTiles > 1) {
        Tiles::template load<inputs + 1>(x + tile_rows * x_stride + 64 * b, x_stride);
        Tiles::template dot_bf16<sums + 2, inputs + 1, weights>();
        if constexpr (Strips > 1) Tiles::template dot_bf16<sums + 3, inputs + 1, weights + 1>();
      }
    }
    each_sum<RowTiles, Strips>(out, out_stride, [&]<int Sum>(std::byte* at) {
      Tiles::template store<Sum>(at, row_bytes);
    });
  }

  /// Shapes for `rows` rows at once, at most 32.
  static TileShapes shapes(std::size_t rows) {
    const auto first = static_cast<std::uint8_t>(std::min(rows, tile_rows));
    const auto second = static_cast<std::uint8_t>(rows - first);
    const auto shape = [](std::uint8_t height) {
      return TileShape{height, static_cast<std::uint8_t>(height == 0 ? 0 : 64)};
    };
    return {shape(first), shape(first),  shape(second),    shape(second),
            shape(first), shape(second), shape(tile_rows), shape(tile_rows)};
  }

  template <typename Format, std::size_t Strips>
  static void panel_times_rows(const PackedRows& w, const Bf16Rows& x, float* out,
                               std::size_t out_stride) {
    const std::size_t chunk = chunk_blocks<Format>(x.blocks);
    const std::size_t strip_panel = chunk * tile_bytes;
    std::byte* panel = thread_scratch<PanelScratch, std::byte>(Strips * strip_panel);
    for (std::size_t first = 0; first < x.blocks; first += chunk) {
      const std::size_t count = std::min(chunk, x.blocks - first);
      for (std::size_t s = 0; s < Strips; ++s)
        fill_panel<Format>(w.data + s * w.strip_bytes, first, count, panel + s * strip_panel);
      std::size_t configured = 0;
      for (std::size_t t = 0; t < x.rows; t += 2 * tile_rows) {
        const std::size_t rows = std::min(2 * tile_rows, x.rows - t);
        if (rows != configured) Tiles::configure(shapes(rows));
        configured = rows;
        const std::byte* from = x.data + t * x.stride() + 64 * first;
        float* to = out + t * out_stride;
        if (rows > tile_rows)
          tile<2, Strips>(panel, strip_panel, from, x.stride(), count, first == 0, to, out_stride);
        else
          tile<1, Strips>(panel, strip_panel, from, x.stride(), count, first == 0, to, out_stride);
      }
    }
  }

  /// out[t * out_stride + r] = weights[r] · x[t]. Requires: x.rows > 0.
  static void multiply(const PackedRows& w, const Bf16Rows& x, float* out, std::size_t out_stride) {
    Formats::with_format(w.type, [&]<typename Format>(Format) {
      PackedRows left = w;
      for (; left.strips >= 2; left.strips -= 2, left.data += 2 * w.strip_bytes) {
        panel_times_rows<Format, 2>(left, x, out, out_stride);
        out += 2 * strip_rows;
      }
      if (left.strips != 0) panel_times_rows<Format, 1>(left, x, out, out_stride);
      Tiles::release();
    });
  }

  /// As TileKernels::convert_bf16.
  static void convert(FloatRows x, std::size_t cols, std::byte* out) {
    const std::size_t stride = Bf16Rows::stride_of(cols / 32);
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t c = 0; c < cols; c += 32)
        Pack::block(x.data + r * x.stride + c, out + r * stride + 2 * c);
  }
};

}  // namespace croft
