// Stands in for the isa_avx*.cpp files where the processor is no x86: cpu_supports() keeps callers
// away, and a caller that comes all the same gets the portable kernels.
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

}  // namespace croft
