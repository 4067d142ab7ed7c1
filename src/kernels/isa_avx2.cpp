#include "kernels/simd/avx2.h"
#include "kernels/simd/table.h"
#include "kernels/simd/x86_weights.h"

namespace croft {

const KernelTable& avx2_table() {
  static constexpr KernelTable table = make_table<Avx2Simd, X86Weights<Avx2Simd>>();
  return table;
}

}  // namespace croft
