#include "kernels/simd/avx512.h"
#include "kernels/simd/table.h"
#include "kernels/simd/x86_weights.h"

namespace croft {

const KernelTable& avx512_table() {
  static constexpr KernelTable table = make_table<Avx512Simd, X86Weights<Avx512Simd>>();
  return table;
}

}  // namespace croft
