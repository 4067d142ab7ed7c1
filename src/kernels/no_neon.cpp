// Stands in for the isa_neon*.cpp files where the processor is no 64-bit ARM; see no_x86.cpp.
#include "kernels/kernel_table.h"

namespace croft {

const KernelTable& neon_table() {
  return portable_table();
}
const KernelTable& neon_i8mm_table() {
  return portable_table();
}

}  // namespace croft
