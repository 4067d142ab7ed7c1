#pragma once
/// What NEON's products with packed weights share: the arithmetic that packed_matmul.h defines, by
/// instructions that take one lane of an operand. Four tokens' inputs of a depth step fill one
/// register, and a dot product picks one of them: no input is broadcast.

#include <arm_neon.h>

#include <cstddef>
#include <type_traits>

#include "kernels/quantized_rows.h"
#include "kernels/simd/lanes_neon.h"
#include "kernels/simd/packed_formats.h"

namespace croft {

struct NeonTile {
  using L = NeonLanes;
  using I = L::I;
  using F = L::F;
  using Record = PackedFormats<L>::Record;
  /// A strip's rows are taken in parts of one register.
  static constexpr std::size_t parts = 4;
  static constexpr std::size_t tokens = 4;
  static constexpr std::size_t step_bytes = 64;  ///< of a panel: four inputs of 16 rows

  /// A lane's number as a type: the instructions want constants, also where nothing is optimised.
  template <int number>
  using Lane = std::integral_constant<int, number>;
  template <typename Function>
  static CROFT_INLINE void each_lane(Function function) {
    function(Lane<0>{});
    function(Lane<1>{});
    function(Lane<2>{});
    function(Lane<3>{});
  }
  static CROFT_INLINE int8x16_t load(const std::byte* p) {
    return vreinterpretq_s8_u8(NeonLanes::load_bytes(p));
  }

  /// One record's part of four rows.
  template <typename Format>
  static CROFT_INLINE Record record_part(const std::byte* record, std::size_t part) {
    return {record + 2 * L::width * part, record + 32 * Format::halves + 4 * L::width * part};
  }

  /// Adds the integer sums of four rows and Group tokens over one block (its g-th half where the
  /// format has two groups) to the totals.
  template <typename Format, std::size_t Group>
  static CROFT_INLINE void add_sums(const I* sums, F scale, F minimum, const std::byte* record,
                                    std::size_t g, F* totals) {
    constexpr QuantizedRecord layout{Group};
    const std::byte* scales = record + layout.scale();
    const std::byte* scaled_sums =
        record + (Format::groups == 1 ? layout.scaled_sum() : layout.scaled_half_sum(g));
    if constexpr (Group == 1) {
      totals[0] = vfmaq_f32(totals[0], vmulq_f32(vcvtq_f32_s32(sums[0]), scale), L::all(scales));
      if constexpr (Format::has_minimum)
        totals[0] = vfmaq_f32(totals[0], minimum, L::all(scaled_sums));
    } else {
      const F x_scales = L::load_floats(scales), x_sums = L::load_floats(scaled_sums);
      each_lane([&]<int t>(Lane<t>) __attribute__((always_inline)) {
        const F value = vmulq_f32(vcvtq_f32_s32(sums[t]), scale);
        totals[t] = vfmaq_laneq_f32(totals[t], value, x_scales, t);
        if constexpr (Format::has_minimum)
          totals[t] = vfmaq_laneq_f32(totals[t], minimum, x_sums, t);
      });
    }
  }
};

/// Sums of 8 rows and 4 tokens from a panel, by dot products.
struct NeonDotTile : NeonTile {
  static constexpr std::size_t half_bytes = 32;  ///< from a step's first 8 rows to the second
  /// Four rows (number `part` of four) of a block: a step has its inputs of rows 0 to 15 in order.
  static CROFT_INLINE void store_weights(std::byte* block, std::size_t part, const I* weights) {
    for (std::size_t i = 0; i < 8; ++i)
      NeonLanes::store(block + step_bytes * i + 16 * part, weights[i]);
  }

  /// sums[p][t]: four rows from 4p on, token t. `weights` are the first of the 8 rows.
  template <std::size_t Steps>
  static CROFT_INLINE void multiply(const std::byte* weights, const std::byte* x,
                                    I (&sums)[2][tokens]) {
    for (auto& part : sums)
      for (I& sum : part) sum = vdupq_n_s32(0);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Steps; ++i, weights += step_bytes, x += 4 * tokens) {
      const int8x16_t inputs = load(x);
      const int8x16_t low = load(weights), high = load(weights + 16);
      each_lane([&]<int t>(Lane<t>) __attribute__((always_inline)) {
        sums[0][t] = vdotq_laneq_s32(sums[0][t], low, inputs, t);
        sums[1][t] = vdotq_laneq_s32(sums[1][t], high, inputs, t);
      });
    }
  }
};

}  // namespace croft
