#pragma once
/// Products of packed weights with many tokens for NEON: a panel of unpacked weights is used for
/// all of them. `Tile` makes the integer sums of 8 rows and 4 tokens (neon_tile.h,
/// isa_neon_i8mm.cpp). Included by the isa_neon*.cpp only.

#include <arm_neon.h>

#include <algorithm>
#include <cstddef>

#include "kernels/kernel_table.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/scratch.h"
#include "kernels/simd/neon_tile.h"
#include "kernels/simd/packed_formats.h"
#include "kernels/simd/packed_matmul.h"

namespace croft {

template <typename Tile>
struct NeonPanels : NeonTile {
  /// Strips of a panel: with 18 blocks of depth 34 KiB, which a first-level cache of 64 KiB holds.
  static constexpr std::size_t panel_strips = 3;

  struct PanelBytes;
  /// A block of one strip: weights as the tile wants them, as signed bytes; then 16 floats for each
  /// scale, and for each minimum.
  template <typename Format>
  struct Panel {
    static constexpr std::size_t scales = 8 * Tile::step_bytes;
    static constexpr std::size_t minima = scales + 64 * Format::groups;
    static constexpr std::size_t block = minima + (Format::has_minimum ? 64 * Format::groups : 0);
  };

  /// Unpacks `count` blocks of a strip, whose records begin at `record`.
  template <typename Format>
  static void fill_panel(const std::byte* record, std::size_t count, std::byte* panel) {
    using Layout = Panel<Format>;
    constexpr int zero = Format::zero_shift == 0 ? 0 : 1 << Format::zero_shift;
    for (std::size_t b = 0; b < count; b += Format::blocks) {
#pragma GCC unroll 1
      for (std::size_t part = 0; part < parts; ++part)
        Format::read(record_part<Format>(record, part),
                     [&](std::size_t block, I* weights, const F* scales, const F* minima)
                         __attribute__((always_inline)) {
                           std::byte* at = panel + block * Layout::block;
                           for (std::size_t i = 0; i < 8; ++i)
                             if constexpr (zero != 0) weights[i] = L::add_bytes(weights[i], -zero);
                           Tile::store_weights(at, part, weights);
                           at += 16 * part;
                           for (std::size_t g = 0; g < Format::groups; ++g) {
                             L::store_floats(at + Layout::scales + 64 * g, scales[g]);
                             if constexpr (Format::has_minimum)
                               L::store_floats(at + Layout::minima + 64 * g, minima[g]);
                           }
                         });
      record += Format::record_bytes;
      panel += Format::blocks * Layout::block;
    }
  }

  /// 8 rows (the first or second of a strip) times one group of tokens over `count` blocks of a
  /// panel. `begin` is the first chunk: sums start from 0.
  template <typename Format>
  static void tile(const std::byte* panel, std::size_t half, const std::byte* record,
                   std::size_t count, bool begin, std::size_t rows, float* out,
                   std::size_t out_stride) {
    using Layout = Panel<Format>;
    constexpr QuantizedRecord layout{tokens};
    constexpr std::size_t steps = 8 / Format::groups;
    F totals[2][tokens];
    for (std::size_t p = 0; p < 2; ++p)
      for (std::size_t t = 0; t < tokens; ++t)
        totals[p][t] =
            begin || t >= rows ? vdupq_n_f32(0.0f) : vld1q_f32(out + t * out_stride + L::width * p);
    for (std::size_t b = 0; b < count; ++b) {
      const std::byte* floats = panel + 32 * half;
#pragma GCC unroll 2
      for (std::size_t g = 0; g < Format::groups; ++g) {
        I sums[2][tokens];
        Tile::template multiply<steps>(
            panel + g * steps * Tile::step_bytes + Tile::half_bytes * half,
            record + g * steps * 4 * tokens, sums);
#pragma GCC unroll 2
        for (std::size_t p = 0; p < 2; ++p) {
          const F scale = L::load_floats(floats + Layout::scales + 64 * g + 16 * p);
          F minimum = scale;
          if constexpr (Format::has_minimum)
            minimum = L::load_floats(floats + Layout::minima + 64 * g + 16 * p);
          add_sums<Format, tokens>(sums[p], scale, minimum, record, g, totals[p]);
        }
      }
      panel += Layout::block;
      record += layout.bytes();
    }
    for (std::size_t t = 0; t < std::min(rows, tokens); ++t)
      for (std::size_t p = 0; p < 2; ++p)
        vst1q_f32(out + t * out_stride + L::width * p, totals[p][t]);
  }

  /// Up to panel_strips strips times all tokens.
  template <typename Format>
  static void panel_times_rows(const PackedRows& w, const QuantizedRows& x, float* out,
                               std::size_t out_stride) {
    const std::size_t chunk = PackedMatmul<L>::template chunk_blocks<Format>(x.blocks);
    const std::size_t strip_bytes = chunk * Panel<Format>::block;
    std::byte* panel = thread_scratch<PanelBytes, std::byte>(panel_strips * strip_bytes);
    for (std::size_t first = 0; first < x.blocks; first += chunk) {
      const std::size_t count = std::min(chunk, x.blocks - first);
      const std::size_t at = first / Format::blocks * Format::record_bytes;
      for (std::size_t s = 0; s < w.strips; ++s)
        fill_panel<Format>(w.data + s * w.strip_bytes + at, count, panel + s * strip_bytes);
      for (std::size_t g = 0; g < x.groups(); ++g)
        for (std::size_t s = 0; s < w.strips; ++s)
          for (std::size_t half = 0; half < 2; ++half)
            tile<Format>(panel + s * strip_bytes, half, x.record(g, first), count, first == 0,
                         x.rows - g * tokens,
                         out + g * tokens * out_stride + s * strip_rows + 8 * half, out_stride);
    }
  }

  static void multiply(const PackedRows& w, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    PackedFormats<L>::with_format(w.type, [&]<typename Format>(Format) {
      for (std::size_t s = 0; s < w.strips; s += panel_strips)
        panel_times_rows<Format>({w.type, w.data + s * w.strip_bytes, w.strip_bytes,
                                  std::min(panel_strips, w.strips - s)},
                                 x, out + s * strip_rows, out_stride);
    });
  }
};

}  // namespace croft
