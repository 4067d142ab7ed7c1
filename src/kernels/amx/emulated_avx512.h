#pragma once
/// The tile kernels as isa_amx.cpp makes them, AVX-512 around the tiles, but over the model of the
/// tile instructions. Part of the test program only.

#include "kernels/amx/tile_kernels.h"

namespace croft {

/// Null where the processor lacks AVX-512 BF16.
[[nodiscard]] const TileKernels* emulated_avx512_kernels();

}  // namespace croft
