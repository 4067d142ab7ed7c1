// No tests: the kernels of emulated_avx512.h, in a file of their own for its flags. It uses nothing
// of gtest, whose inline functions the linker would keep from here for the whole program.
#include "kernels/amx/emulated_avx512.h"

#if defined(__AVX512BF16__)
#include "kernels/amx/avx512_bf16.h"
#include "kernels/amx/bf16_products.h"
#include "kernels/amx/emulated_tiles.h"
#include "kernels/amx/exact_products.h"
#include "kernels/simd/lanes_avx512.h"

namespace croft {
namespace {

struct NoDot {
  [[maybe_unused]] static constexpr std::size_t wide_shift = 0;
};
using Lanes = Avx512Lanes<NoDot>;
using Exact = ExactTileProducts<Lanes, EmulatedTiles>;
using Rounded = Bf16TileProducts<Lanes, Avx512Bf16<NoDot>, EmulatedTiles>;

}  // namespace

const TileKernels* emulated_avx512_kernels() {
  static constexpr TileKernels kernels = {Exact::multiply, Rounded::multiply, Rounded::convert};
  const bool usable = cpu_supports(Isa::Avx512) && __builtin_cpu_supports("avx512bf16");
  return usable ? &kernels : nullptr;
}

}  // namespace croft
#else
namespace croft {

const TileKernels* emulated_avx512_kernels() {
  return nullptr;
}

}  // namespace croft
#endif
