#pragma once
/// The one product of an intent model: a sum of rows of int8 weights, each times a whole number.

#include <cstddef>
#include <cstdint>
#include <span>

namespace croft {

/// Rows begin at multiples of this many bytes and are filled up with zeros.
inline constexpr std::size_t intent_row_alignment = 32;
/// Of a multiplier; with int8 weights, 8192 rows fit into the 32 bits of a sum.
inline constexpr std::int32_t intent_multiplier_max = 2047;
inline constexpr std::size_t intent_rows_max = 8192;

struct ScaledRow {
  std::uint32_t row = 0;
  std::int16_t multiplier = 0;
};

/// sums[j] = Σ multiplier · weights[row · stride + j] over `rows`.
/// Requires: stride a multiple of intent_row_alignment, sums.size() == stride, at most
/// intent_rows_max rows, |multiplier| <= intent_multiplier_max. Integer sums are exact: the result
/// does not depend on the instruction set or on the order of rows.
void add_rows(const std::int8_t* weights, std::size_t stride, std::span<const ScaledRow> rows,
              std::span<std::int32_t> sums);

}  // namespace croft
