// The AVX-512 VNNI kernels, with products of many rows by matrix tiles.
#include "kernels/amx/amx_tiles.h"
#include "kernels/amx/avx512_bf16.h"
#include "kernels/amx/bf16_products.h"
#include "kernels/amx/exact_products.h"
#include "kernels/amx/tile_kernels.h"
#include "kernels/kernel_table.h"
#include "kernels/simd/lanes_avx512.h"

namespace croft {
namespace {

/// Tiles do the dot products; the lanes around them are of this file alone, so that the linker
/// cannot mix them with those of other flags.
struct NoDot {
  [[maybe_unused]] static constexpr std::size_t wide_shift = 0;
};
using Lanes = Avx512Lanes<NoDot>;
using Exact = ExactTileProducts<Lanes, AmxTiles>;
using Rounded = Bf16TileProducts<Lanes, Avx512Bf16<NoDot>, AmxTiles>;

/// From so many rows on a tile of activations is full.
constexpr std::size_t rows_min = tile_rows_max;

std::size_t group_of(std::size_t rows) {
  return rows < rows_min ? avx512vnni_table().group_of(rows) : 1;
}

/// Same bits on both sides. A few rows in groups of 1 are the end of a longer batch.
void multiply_packed(const PackedRows& weights, const QuantizedRows& x, float* out,
                     std::size_t out_stride) {
  if (x.group == 1 && x.rows > 1) return Exact::multiply(weights, x, out, out_stride);
  avx512vnni_table().multiply_packed(weights, x, out, out_stride);
}

}  // namespace

const KernelTable& amx_table() {
  static const KernelTable table = [] {
    KernelTable changed = avx512vnni_table();
    changed.group_of = group_of;
    changed.multiply_packed = multiply_packed;
    return changed;
  }();
  return table;
}

const TileKernels* amx_tile_kernels() {
  static constexpr TileKernels kernels = {Exact::multiply, Rounded::multiply, Rounded::convert};
  return cpu_supports(Isa::Amx) ? &kernels : nullptr;
}

}  // namespace croft
