#pragma once
/// Products of packed weights with quantized activations, for any backend of lanes.
///
/// A value out[t][r] is made the same way wherever it is computed. Over the blocks of 32 inputs in
/// order (over their halves where a format has two groups):
///   total = fma(round(integer sum * weight scale), activation scale, total)
///   total = fma(weight minimum, activation scale * sum of quants, total)    where there is one
/// Nothing is summed across lanes, so the bits depend neither on the batch, nor on threads, nor on
/// the instruction set.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/packed_layout.h"
#include "kernels/scratch.h"
#include "kernels/simd/packed_formats.h"

namespace croft {

template <typename L>
struct PackedMatmul {
  using I = typename L::I;
  using F = typename L::F;
  using Formats = PackedFormats<L>;
  using Record = typename Formats::Record;

  /// Lanes of a strip are taken in parts of one register.
  static constexpr std::size_t parts = strip_rows / L::width;
  /// How far ahead of its use a weight is asked for: into the second-level cache early enough for
  /// memory at full rate, into the first early enough for the second.
  static constexpr std::size_t prefetch_bytes_memory = 16384, prefetch_bytes_near = 1024;

  template <typename Format>
  static constexpr unsigned shift_of() {
    return Format::bits == 8 ? static_cast<unsigned>(L::wide_shift) : Format::zero_shift;
  }

  /// The value an integer sum starts from: the bias less what the weights' zero adds.
  template <unsigned Shift>
  static CROFT_INLINE I start_of(const std::byte* sum) {
    if constexpr (Shift == 0)
      return L::set(L::bias);
    else if constexpr (requires { L::template start<Shift>(sum); })
      return L::template start<Shift>(sum);
    else
      return L::sub_words(L::set(L::bias), L::left(L::broadcast_int(sum), Shift));
  }

  /// Adds one block to the sums of Group rows. `record` is the block's activations.
  template <typename Format, std::size_t Group>
  static CROFT_INLINE void add_block(const I* weights, const F* scales, const F* minima,
                                     const std::byte* record, F* totals) {
    // Sums of several rows grow side by side: the next step of one need not wait for its last.
    constexpr std::size_t together = Group < L::rows_together ? Group : L::rows_together;
    F unbias[Format::groups];
    for (std::size_t g = 0; g < Format::groups; ++g) unbias[g] = L::unbias_of(scales[g]);
#pragma GCC unroll 16
    for (std::size_t t = 0; t < Group; t += together)
#pragma GCC unroll 2
      for (std::size_t g = 0; g < Format::groups; ++g)
        add_rows<Format, Group, together>(weights, scales[g], unbias[g], minima[g], g,
                                          record + 4 * t, totals + t);
  }

  template <typename Format, std::size_t Group, std::size_t Rows>
  static CROFT_INLINE void add_rows(const I* weights, F scale, F unbias, F minimum, std::size_t g,
                                    const std::byte* record, F* totals) {
    constexpr QuantizedRecord layout{Group};
    constexpr std::size_t steps = 8 / Format::groups;
    const std::size_t sum_at = Format::groups == 1 ? layout.sum() : layout.half_sum(g);
    const std::size_t scaled_at =
        Format::groups == 1 ? layout.scaled_sum() : layout.scaled_half_sum(g);
    I sums[Rows];
    for (std::size_t t = 0; t < Rows; ++t)
      sums[t] = shift_of<Format>() == 7 && Format::groups == 1
                    ? L::broadcast_int(record + layout.start() + 4 * t)
                    : start_of<shift_of<Format>()>(record + sum_at + 4 * t);
    L::template dots<Format::bits, steps, Rows>(sums, weights + g * steps,
                                                record + g * steps * 4 * Group, 4 * Group);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Rows; ++t) {
      totals[t] = L::mul_add(L::scaled(sums[t], scale, unbias),
                             L::broadcast(record + layout.scale() + 4 * t), totals[t]);
      if constexpr (Format::has_minimum)
        totals[t] = L::mul_add(minimum, L::broadcast(record + scaled_at + 4 * t), totals[t]);
    }
  }

  /// Asks for what will be needed where this record's block is now: a share of a record's lines
  /// with each of its blocks, since a burst of them would wait for each other.
  template <typename Format>
  static CROFT_INLINE void prefetch_block(const std::byte* record, std::size_t block) {
    constexpr std::size_t lines = (Format::record_bytes + 63) / 64;
    constexpr std::size_t share = (lines + Format::blocks - 1) / Format::blocks;
    for (std::size_t line = block * share; line < std::min(lines, (block + 1) * share); ++line) {
      __builtin_prefetch(record + prefetch_bytes_memory + 64 * line, 0, 2);
      __builtin_prefetch(record + prefetch_bytes_near + 64 * line, 0, 3);
    }
  }

  /// One strip times one group of activations, straight from the packed weights: the way of
  /// decoding. Writes rows [0, rows) of the group.
  template <typename Format, std::size_t Group>
  static void strip_times_group(const std::byte* strip, std::size_t blocks, const std::byte* x,
                                std::size_t rows, float* out, std::size_t out_stride) {
    constexpr QuantizedRecord layout{Group};
    for (std::size_t part = 0; part < parts; ++part) {
      F totals[Group];
      for (F& total : totals) total = L::zero();
      const std::byte* weights = strip;
      const std::byte* record = x;
      for (std::size_t b = 0; b < blocks; b += Format::blocks) {
        Format::read(Record{weights + 2 * L::width * part,
                            weights + 32 * Format::halves + 4 * L::width * part},
                     [&](std::size_t block, I* w, const F* scales, const F* minima)
                         __attribute__((always_inline)) {
                           if (part == 0) prefetch_block<Format>(weights, block);
                           if constexpr (Format::bits == 8)
                             for (std::size_t s = 0; s < 8; ++s) w[s] = L::wide_operand(w[s]);
                           add_block<Format, Group>(w, scales, minima,
                                                    record + block * layout.bytes(), totals);
                         });
        weights += Format::record_bytes;
        record += Format::blocks * layout.bytes();
      }
      for (std::size_t t = 0; t < std::min(rows, Group); ++t)
        L::store_floats(out + t * out_stride + part * L::width, totals[t]);
    }
  }

  template <typename Format, std::size_t Group>
  static void strips_times_group(const PackedRows& w, const QuantizedRows& x, std::size_t group,
                                 float* out, std::size_t out_stride) {
    const std::size_t rows = x.rows - group * Group;
    for (std::size_t s = 0; s < w.strips; ++s)
      strip_times_group<Format, Group>(w.data + s * w.strip_bytes, x.blocks, x.record(group, 0),
                                       rows, out + s * strip_rows, out_stride);
  }

  // ---- many rows: a panel of unpacked weights is used for all of them ----

  struct PanelBytes;
  /// A step of a panel: the registers of all strips side by side; then scales (with their unbias)
  /// and minima.
  template <typename Format>
  struct PanelLayout {
    static constexpr std::size_t step = 64 * L::tile_strips;
    static constexpr std::size_t factors = Format::groups * (Format::has_minimum ? 3 : 2);
    static constexpr std::size_t block = 8 * step + factors * step;
  };

  /// Blocks of one depth chunk: panel and inputs of a tile stay in a first-level cache of 48 KiB.
  static constexpr std::size_t chunk_blocks_max = 18;

  template <typename Format>
  static std::size_t chunk_blocks(std::size_t blocks) {
    return depth_chunk(blocks, chunk_blocks_max, Format::blocks);
  }

  /// Unpacks blocks [first, first + count) of up to tile_strips strips.
  template <typename Format>
  static void fill_panel(const PackedRows& w, std::size_t strips, std::size_t first,
                         std::size_t count, std::byte* panel) {
    using Layout = PanelLayout<Format>;
    for (std::size_t s = 0; s < strips; ++s)
      for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t lane_bytes = 4 * L::width * part;
        const std::byte* record =
            w.data + s * w.strip_bytes + first / Format::blocks * Format::record_bytes;
        std::byte* to = panel + 64 * s + lane_bytes;
        for (std::size_t b = 0; b < count; b += Format::blocks) {
          Format::read(Record{record + lane_bytes / 2, record + 32 * Format::halves + lane_bytes},
                       [&](std::size_t block, I* weights, const F* scales,
                           const F* minima) __attribute__((always_inline)) {
                         std::byte* at = to + (b + block) * Layout::block;
                         for (std::size_t i = 0; i < 8; ++i, at += Layout::step)
                           L::store(at, L::template panel_operand<Format::bits, Format::zero_shift>(
                                            weights[i]));
                         const auto put = [&](F value) __attribute__((always_inline)) {
                           L::store_floats(reinterpret_cast<float*>(at), value);
                           at += Layout::step;
                         };
                         for (std::size_t g = 0; g < Format::groups; ++g) {
                           put(scales[g]);
                           put(L::unbias_of(scales[g]));
                           if constexpr (Format::has_minimum) put(minima[g]);
                         }
                       });
          record += Format::record_bytes;
        }
      }
  }

  /// Strips x tile_rows sums over `count` blocks of a panel. `begin` is the first chunk: sums start
  /// from 0.
  template <typename Format, std::size_t Strips, std::size_t Rows>
  static void tile(const std::byte* panel, const std::byte* record, std::size_t count, bool begin,
                   float* out, std::size_t out_stride) {
    using Layout = PanelLayout<Format>;
    constexpr QuantizedRecord layout{L::tile_rows};
    constexpr std::size_t steps = 8 / Format::groups;
    constexpr unsigned shift = L::template panel_shift<Format::bits, Format::zero_shift>();
    F totals[Rows][Strips];
    for (std::size_t t = 0; t < Rows; ++t)
      for (std::size_t s = 0; s < Strips; ++s)
        totals[t][s] = begin ? L::zero() : L::load_floats(out + t * out_stride + s * L::width);
    for (std::size_t b = 0; b < count; ++b) {
#pragma GCC unroll 2
      for (std::size_t g = 0; g < Format::groups; ++g) {
        I sums[Rows][Strips];
        for (std::size_t t = 0; t < Rows; ++t) {
          const std::byte* sum =
              record + 4 * t + (Format::groups == 1 ? layout.sum() : layout.half_sum(g));
          const I start = shift == 7 && Format::groups == 1
                              ? L::broadcast_int(record + layout.start() + 4 * t)
                              : start_of<shift>(sum);
          for (std::size_t s = 0; s < Strips; ++s) sums[t][s] = start;
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < steps; ++i) {
          I weights[Strips];
          for (std::size_t s = 0; s < Strips; ++s)
            weights[s] = L::load(panel + (g * steps + i) * Layout::step + 64 * s);
          for (std::size_t t = 0; t < Rows; ++t) {
            const I x = L::broadcast_int(record + ((g * steps + i) * L::tile_rows + t) * 4);
            for (std::size_t s = 0; s < Strips; ++s)
              sums[t][s] = L::template add_dot<Format::bits>(sums[t][s], weights[s], x);
          }
        }
        const std::byte* factors =
            panel + 8 * Layout::step + g * Layout::factors / Format::groups * Layout::step;
        for (std::size_t s = 0; s < Strips; ++s) {
          const auto factor = [&](std::size_t i) __attribute__((always_inline)) {
            return L::load_floats(
                reinterpret_cast<const float*>(factors + i * Layout::step + 64 * s));
          };
          const F scale = factor(0), unbias = factor(1);
          for (std::size_t t = 0; t < Rows; ++t) {
            totals[t][s] = L::mul_add(L::scaled(sums[t][s], scale, unbias),
                                      L::broadcast(record + layout.scale() + 4 * t), totals[t][s]);
            if constexpr (Format::has_minimum)
              totals[t][s] =
                  L::mul_add(factor(2),
                             L::broadcast(record + 4 * t +
                                          (Format::groups == 1 ? layout.scaled_sum()
                                                               : layout.scaled_half_sum(g))),
                             totals[t][s]);
          }
        }
      }
      panel += Layout::block;
      record += layout.bytes();
    }
    for (std::size_t t = 0; t < Rows; ++t)
      for (std::size_t s = 0; s < Strips; ++s)
        L::store_floats(out + t * out_stride + s * L::width, totals[t][s]);
  }

  template <typename Format, std::size_t Strips, std::size_t Rows>
  static CROFT_INLINE void tile_rows_of(std::size_t rows, const std::byte* panel,
                                        const std::byte* record, std::size_t count, bool begin,
                                        float* out, std::size_t out_stride) {
    if (rows >= Rows)
      tile<Format, Strips, Rows>(panel, record, count, begin, out, out_stride);
    else if constexpr (Rows > 1)
      tile_rows_of<Format, Strips, Rows - 1>(rows, panel, record, count, begin, out, out_stride);
  }

  template <typename Format, std::size_t Strips>
  static void panel_times_rows(const PackedRows& w, const QuantizedRows& x, float* out,
                               std::size_t out_stride) {
    using Layout = PanelLayout<Format>;
    const std::size_t chunk = chunk_blocks<Format>(x.blocks);
    std::byte* panel = thread_scratch<PanelBytes, std::byte>(chunk * Layout::block);
    for (std::size_t first = 0; first < x.blocks; first += chunk) {
      const std::size_t count = std::min(chunk, x.blocks - first);
      fill_panel<Format>(w, Strips, first, count, panel);
      for (std::size_t g = 0; g < x.groups(); ++g)
        for (std::size_t part = 0; part < parts; ++part)
          tile_rows_of<Format, Strips, L::tile_rows>(
              x.rows - g * L::tile_rows, panel + 4 * L::width * part, x.record(g, first), count,
              first == 0, out + g * L::tile_rows * out_stride + L::width * part, out_stride);
    }
  }

  template <typename Format, std::size_t Strips>
  static void panels_times_rows(PackedRows w, const QuantizedRows& x, float* out,
                                std::size_t out_stride) {
    for (; w.strips >= Strips; w.strips -= Strips) {
      panel_times_rows<Format, Strips>(w, x, out, out_stride);
      w.data += Strips * w.strip_bytes;
      out += Strips * strip_rows;
    }
    if constexpr (Strips > 1) panels_times_rows<Format, Strips - 1>(w, x, out, out_stride);
  }

  /// Groups that `multiply` knows: one row, a tile, or as many rows as the registers hold.
  static std::size_t group_of(std::size_t rows) {
    if (rows <= 2) return rows;
    if (rows <= L::tile_rows || rows > L::rows_max) return L::tile_rows;
    return rows <= L::rows_max / 2 ? L::rows_max / 2 : L::rows_max;
  }

  static void multiply(const PackedRows& w, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    Formats::with_format(w.type, [&]<typename Format>(Format) {
      if (x.group == 1) return strips_times_group<Format, 1>(w, x, 0, out, out_stride);
      if (x.group == 2) return strips_times_group<Format, 2>(w, x, 0, out, out_stride);
      if (x.rows > L::rows_max)
        return panels_times_rows<Format, L::tile_strips>(w, x, out, out_stride);
      if (x.group == L::tile_rows)
        return strips_times_group<Format, L::tile_rows>(w, x, 0, out, out_stride);
      if constexpr (L::rows_max > L::tile_rows) {
        if (x.group == L::rows_max / 2)
          return strips_times_group<Format, L::rows_max / 2>(w, x, 0, out, out_stride);
        return strips_times_group<Format, L::rows_max>(w, x, 0, out, out_stride);
      }
    });
  }
};

}  // namespace croft
