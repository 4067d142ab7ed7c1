#pragma once
/// Products of packed weights with quantized activations by INT8 tiles: the same numbers, bit for
/// bit, as simd/packed_matmul.h defines.
///
/// One tile product makes the integer sums of 16 rows of activations, 16 rows of weights and the 32
/// inputs (16 where a format has two groups) that share a scale. They pass through a buffer in the
/// first-level cache into the float sums, which stay in 16 vector registers; the next block's
/// product is under way meanwhile. docs/adr/0009-amx-tiles.md counts what that costs.
///
/// Activations come in groups of 1 (quantized_rows.h): 16 rows of one block are a tile as they lie.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/amx/tiles.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"
#include "kernels/simd/packed_matmul.h"

namespace croft {

template <typename L, typename Tiles>
struct ExactTileProducts {
  using I = typename L::I;
  using F = typename L::F;
  using Formats = PackedFormats<L>;
  using Record = typename Formats::Record;
  static_assert(L::width == strip_rows);

  static constexpr std::size_t tile_rows = tile_rows_max;
  /// A record of one row: a cache line.
  static constexpr std::size_t record_bytes = 64;
  /// Strips that share the activations while those are in the first-level cache.
  static constexpr std::size_t panel_strips = 3;

  // Registers, two of each kind so that products overlap. The last rows, fewer than 16, have
  // shapes of their own.
  static constexpr int first_sums = 0, first_inputs = 2, first_weights = 4;
  static constexpr int last_sums = 6, last_inputs = 7;

  struct PanelScratch;

  /// One block of one strip: weights as a tile of signed bytes, then for each group its scales and
  /// minima.
  template <typename Format>
  struct Layout {
    static constexpr std::size_t steps = 8 / Format::groups;
    static constexpr std::size_t group_weights = 64 * steps;
    static constexpr std::size_t group_factors = 64 * (Format::has_minimum ? 2 : 1);
    static constexpr std::size_t block = Format::groups * (group_weights + group_factors);
  };

  template <typename Format>
  static CROFT_INLINE I signed_weights(I weights) {
    if constexpr (Format::bits == 8 || Format::zero_shift == 0) return weights;
    return L::add_bytes(weights, -(1 << Format::zero_shift));
  }

  /// Unpacks blocks [first, first + count) of a strip.
  template <typename Format>
  static void fill_panel(const std::byte* strip, std::size_t first, std::size_t count,
                         std::byte* panel) {
    const std::byte* record = strip + first / Format::blocks * Format::record_bytes;
    for (std::size_t b = 0; b < count; b += Format::blocks) {
      Format::read(Record{record, record + 32 * Format::halves},
                   [&](std::size_t block, I* weights, const F* scales, const F* minima)
                       __attribute__((always_inline)) {
                         std::byte* at = panel + (b + block) * Layout<Format>::block;
                         for (std::size_t i = 0; i < 8; ++i, at += 64)
                           L::store(at, signed_weights<Format>(weights[i]));
                         const auto put = [&](F value) __attribute__((always_inline)) {
                           L::store_floats(reinterpret_cast<float*>(at), value);
                           at += 64;
                         };
                         for (std::size_t g = 0; g < Format::groups; ++g) {
                           put(scales[g]);
                           if constexpr (Format::has_minimum) put(minima[g]);
                         }
                       });
      record += Format::record_bytes;
    }
  }

  /// What a tile of sums is made from: 16 rows (or the `rows` last ones) and one strip.
  struct Operands {
    const std::byte* panel;
    const std::byte* x;
    std::size_t x_stride;
    std::size_t rows;
  };

  /// Starts the product of piece p, a block's group, into `sums`.
  template <typename Format, bool Whole, int Set>
  static CROFT_INLINE void start(const Operands& in, std::size_t p, std::byte* sums) {
    constexpr int c = Whole ? first_sums + Set : last_sums;
    constexpr int a = Whole ? first_inputs + Set : last_inputs;
    constexpr int b = first_weights + Set;
    const std::size_t block = p / Format::groups, group = p % Format::groups;
    Tiles::template load<a>(in.x + block * record_bytes + group * 4 * Layout<Format>::steps,
                            in.x_stride);
    Tiles::template load<b>(
        in.panel + block * Layout<Format>::block + group * Layout<Format>::group_weights, 64);
    Tiles::template zero<c>();
    Tiles::template dot_int8<c, a, b>();
    Tiles::template store<c>(sums, 64);
  }

  /// Adds the sums of piece p to the totals.
  template <typename Format, bool Whole>
  static CROFT_INLINE void finish(const Operands& in, std::size_t p, const std::byte* sums,
                                  F* totals) {
    constexpr QuantizedRecord record{1};
    const std::size_t block = p / Format::groups, group = p % Format::groups;
    const auto* factors = reinterpret_cast<const float*>(
        in.panel + block * Layout<Format>::block + 8 * 64 + group * Layout<Format>::group_factors);
    const std::byte* x = in.x + block * record_bytes;
    const std::size_t scaled_at =
        Format::groups == 1 ? record.scaled_sum() : record.scaled_half_sum(group);
    const F scale = L::load_floats(factors);
    const F minimum = L::load_floats(factors + (Format::has_minimum ? 16 : 0));
    const auto row = [&](std::size_t t) __attribute__((always_inline)) {
      const F sum = L::to_float(L::load(sums + 64 * t));
      const std::byte* own = x + t * in.x_stride;
      totals[t] = L::mul_add(L::mul(sum, scale), L::broadcast(own + record.scale()), totals[t]);
      if constexpr (Format::has_minimum)
        totals[t] = L::mul_add(minimum, L::broadcast(own + scaled_at), totals[t]);
    };
    if constexpr (Whole) {
#pragma GCC unroll 16
      for (std::size_t t = 0; t < tile_rows; ++t) row(t);
    } else {
      for (std::size_t t = 0; t < in.rows; ++t) row(t);
    }
  }

  /// 16 rows (or the last ones) times one strip over `count` blocks. `begin`: sums start from 0.
  template <typename Format, bool Whole>
  static void tile(const Operands& in, std::size_t count, bool begin, float* out,
                   std::size_t out_stride) {
    alignas(64) std::byte sums[2][tile_bytes];
    F totals[tile_rows];
    const std::size_t rows = Whole ? tile_rows : in.rows;
#pragma GCC unroll 16
    for (std::size_t t = 0; t < rows; ++t)
      totals[t] = begin ? L::zero() : L::load_floats(out + t * out_stride);
    const std::size_t pieces = count * Format::groups;
    // Stores that miss would hold up those of the sums behind them.
    if (begin)
      for (std::size_t t = 0; t < rows; ++t) __builtin_prefetch(out + t * out_stride, 1);
    start<Format, Whole, 0>(in, 0, sums[0]);
    std::size_t p = 1;
    for (; p + 1 < pieces; p += 2) {
      start<Format, Whole, 1>(in, p, sums[1]);
      finish<Format, Whole>(in, p - 1, sums[0], totals);
      start<Format, Whole, 0>(in, p + 1, sums[0]);
      finish<Format, Whole>(in, p, sums[1], totals);
    }
    if (p < pieces) start<Format, Whole, 1>(in, p, sums[1]);
    finish<Format, Whole>(in, p - 1, sums[0], totals);
    if (p < pieces) finish<Format, Whole>(in, p, sums[1], totals);
#pragma GCC unroll 16
    for (std::size_t t = 0; t < rows; ++t) L::store_floats(out + t * out_stride, totals[t]);
  }

  /// All rows times up to panel_strips strips.
  template <typename Format>
  static void panel_times_rows(const PackedRows& w, const QuantizedRows& x, float* out,
                               std::size_t out_stride) {
    const std::size_t chunk = PackedMatmul<L>::template chunk_blocks<Format>(x.blocks);
    const std::size_t strip_panel = chunk * Layout<Format>::block;
    std::byte* panel = thread_scratch<PanelScratch, std::byte>(panel_strips * strip_panel);
    for (std::size_t first = 0; first < x.blocks; first += chunk) {
      const std::size_t count = std::min(chunk, x.blocks - first);
      for (std::size_t s = 0; s < w.strips; ++s)
        fill_panel<Format>(w.data + s * w.strip_bytes, first, count, panel + s * strip_panel);
      for (std::size_t t = 0; t < x.rows; t += tile_rows)
        for (std::size_t s = 0; s < w.strips; ++s) {
          const Operands in{panel + s * strip_panel, x.record(t, first), x.blocks * record_bytes,
                            x.rows - t};
          float* to = out + t * out_stride + s * strip_rows;
          if (in.rows >= tile_rows)
            tile<Format, true>(in, count, first == 0, to, out_stride);
          else
            tile<Format, false>(in, count, first == 0, to, out_stride);
        }
    }
  }

  template <typename Format>
  static TileShapes shapes(std::size_t rows) {
    constexpr auto steps = static_cast<std::uint8_t>(Layout<Format>::steps);
    const auto last = static_cast<std::uint8_t>(rows % tile_rows);
    const TileShape sums{tile_rows, 64}, inputs{tile_rows, 4 * steps}, weights{steps, 64};
    TileShapes out{sums, sums, inputs, inputs, weights, weights};
    if (last != 0) {
      out[last_sums] = {last, 64};
      out[last_inputs] = {last, 4 * steps};
    }
    return out;
  }

  /// As KernelTable::multiply_packed. Requires: x.group == 1.
  static void multiply(const PackedRows& w, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    Formats::with_format(w.type, [&]<typename Format>(Format) {
      Tiles::configure(shapes<Format>(x.rows));
      for (std::size_t s = 0; s < w.strips; s += panel_strips)
        panel_times_rows<Format>({w.type, w.data + s * w.strip_bytes, w.strip_bytes,
                                  std::min(panel_strips, w.strips - s)},
                                 x, out + s * strip_rows, out_stride);
      Tiles::release();
    });
  }
};

}  // namespace croft
