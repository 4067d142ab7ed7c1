// Stands in for isa_avx*.cpp and isa_amx.cpp where the processor is no x86: cpu_supports() keeps
// callers away, and a caller that comes all the same gets the portable kernels.
#include "kernels/amx/tile_kernels.h"
#include "kernels/kernel_table.h"

namespace croft {

const KernelTable& avx2_table() {
  return portable_table();
}
const KernelTable& avx512_table() {
  return portable_table();
}
const KernelTable& avx512vnni_table() {
  return portable_table();
}
const KernelTable& amx_table() {
  return portable_table();
}
const TileKernels* amx_tile_kernels() {
  return nullptr;
}

}  // namespace croft
