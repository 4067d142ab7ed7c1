#include "kernels/kernel_table.h"

#include "base/check.h"

namespace croft {

const KernelTable& kernel_table(Isa isa) {
  DCHECK(cpu_supports(isa));
  switch (isa) {
    case Isa::Portable:
      return portable_table();
    case Isa::Avx2:
      return avx2_table();
    case Isa::Avx512:
      return avx512_table();
    case Isa::Avx512Vnni:
      return avx512vnni_table();
    case Isa::Amx:
      return amx_table();
    case Isa::Neon:
      return neon_table();
    case Isa::NeonI8mm:
      return neon_i8mm_table();
  }
  return portable_table();
}

}  // namespace croft
