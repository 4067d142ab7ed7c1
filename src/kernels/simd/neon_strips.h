#pragma once
/// Products of packed weights with up to four tokens for NEON, straight from the packed weights:
/// the way of decoding. Included by the isa_neon*.cpp only.

#include <arm_neon.h>

#include <algorithm>
#include <cstddef>

#include "kernels/kernel_table.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_rows.h"
#include "kernels/simd/neon_tile.h"
#include "kernels/simd/packed_formats.h"

namespace croft {

template <typename Tag>
struct NeonStrips : NeonTile {
  /// How far ahead of its use a weight is asked for: the time memory takes at full rate.
  static constexpr std::size_t prefetch_bytes = 4096;

  /// What the sums of Group tokens start from: weights are stored with a zero of 2^zero_shift.
  template <typename Format, std::size_t Group>
  static CROFT_INLINE void start_sums(const std::byte* quant_sums, I* sums) {
    for (std::size_t t = 0; t < Group; ++t) {
      sums[t] = L::set(0);
      if constexpr (Format::zero_shift != 0)
        sums[t] =
            L::sub_words(sums[t], L::left(L::all_ints(quant_sums + 4 * t), Format::zero_shift));
    }
  }

  /// One block of four rows times Group tokens, straight from unpacked registers.
  template <typename Format, std::size_t Group>
  static CROFT_INLINE void add_block(const I* weights, const F* scales, const F* minima,
                                     const std::byte* record, F* totals) {
    constexpr QuantizedRecord layout{Group};
    constexpr std::size_t steps = 8 / Format::groups;
    for (std::size_t g = 0; g < Format::groups; ++g) {
      const std::byte* x = record + g * steps * 4 * Group;
      I sums[Group];
      start_sums<Format, Group>(record + (Format::groups == 1 ? layout.sum() : layout.half_sum(g)),
                                sums);
      const auto quants = [&](std::size_t i) __attribute__((always_inline)) {
        return vreinterpretq_s8_s32(weights[g * steps + i]);
      };
      if constexpr (Group == 1) {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < steps; i += 4) {
          const int8x16_t four_steps = load(x + 4 * i);
          each_lane([&]<int s>(Lane<s>) __attribute__((always_inline)) {
            sums[0] = vdotq_laneq_s32(sums[0], quants(i + s), four_steps, s);
          });
        }
      } else {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < steps; ++i) {
          const int8x16_t four_tokens = load(x + 4 * Group * i);
          each_lane([&]<int t>(Lane<t>) __attribute__((always_inline)) {
            sums[t] = vdotq_laneq_s32(sums[t], quants(i), four_tokens, t);
          });
        }
      }
      add_sums<Format, Group>(sums, scales[g], minima[g], record, g, totals);
    }
  }

  /// One strip times one group of activations, straight from the packed weights: the way of
  /// decoding. All parts of a record are taken in turn, so that memory is read in order. Writes
  /// rows [0, rows) of the group.
  template <typename Format, std::size_t Group>
  static void strip_times_group(const std::byte* strip, std::size_t blocks, const std::byte* x,
                                std::size_t rows, float* out, std::size_t out_stride) {
    constexpr QuantizedRecord layout{Group};
    F totals[parts][Group];
    for (auto& part : totals)
      for (F& total : part) total = vdupq_n_f32(0.0f);
    for (std::size_t b = 0; b < blocks; b += Format::blocks) {
      for (std::size_t line = 0; line < Format::record_bytes; line += 64)
        __builtin_prefetch(strip + prefetch_bytes + line);
#pragma GCC unroll 1
      for (std::size_t part = 0; part < parts; ++part) {
        F own[Group];
        for (std::size_t t = 0; t < Group; ++t) own[t] = totals[part][t];
        Format::read(record_part<Format>(strip, part),
                     [&](std::size_t block, const I* weights, const F* scales, const F* minima)
                         __attribute__((always_inline)) {
                           add_block<Format, Group>(weights, scales, minima,
                                                    x + block * layout.bytes(), own);
                         });
        for (std::size_t t = 0; t < Group; ++t) totals[part][t] = own[t];
      }
      strip += Format::record_bytes;
      x += Format::blocks * layout.bytes();
    }
    for (std::size_t t = 0; t < std::min(rows, Group); ++t)
      for (std::size_t part = 0; part < parts; ++part)
        vst1q_f32(out + t * out_stride + L::width * part, totals[part][t]);
  }

  template <typename Format, std::size_t Group>
  static void strips_times_group(const PackedRows& w, const QuantizedRows& x, float* out,
                                 std::size_t out_stride) {
    for (std::size_t s = 0; s < w.strips; ++s)
      strip_times_group<Format, Group>(w.data + s * w.strip_bytes, x.blocks, x.record(0, 0), x.rows,
                                       out + s * strip_rows, out_stride);
  }

  /// Requires: x.rows <= tokens.
  static void multiply(const PackedRows& w, const QuantizedRows& x, float* out,
                       std::size_t out_stride) {
    PackedFormats<L>::with_format(w.type, [&]<typename Format>(Format) {
      if (x.group == 1) return strips_times_group<Format, 1>(w, x, out, out_stride);
      return strips_times_group<Format, tokens>(w, x, out, out_stride);
    });
  }
};

}  // namespace croft
