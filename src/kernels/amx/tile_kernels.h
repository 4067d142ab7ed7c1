#pragma once
/// The two forms of products by matrix tiles; docs/adr/0009-amx-tiles.md says when each is used.

#include <cstddef>

#include "kernels/amx/bf16_rows.h"
#include "kernels/kernel_table.h"
#include "kernels/quantized_rows.h"

namespace croft {

struct TileKernels {
  /// KernelTable::multiply_packed for groups of 1, same bits (exact_products.h).
  void (*multiply)(const PackedRows& weights, const QuantizedRows& x, float* out,
                   std::size_t out_stride);
  /// The product within 2^-7 of the sum of magnitudes (bf16_products.h). Requires: x.rows > 0.
  void (*multiply_bf16)(const PackedRows& weights, const Bf16Rows& x, float* out,
                        std::size_t out_stride);
  /// Rounds rows of `cols` values. Requires: cols % 32 == 0; out holds x.rows rows of
  /// Bf16Rows::stride_of(cols / 32) bytes.
  void (*convert_bf16)(FloatRows x, std::size_t cols, std::byte* out);
};

/// Null where cpu_supports(Isa::Amx) is false.
[[nodiscard]] const TileKernels* amx_tile_kernels();

}  // namespace croft
