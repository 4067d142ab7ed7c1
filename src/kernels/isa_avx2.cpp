#include "kernels/simd/attention_avx2.h"
#include "kernels/simd/avx2.h"
#include "kernels/simd/lanes_avx2.h"
#include "kernels/simd/quantize_avx2.h"
#include "kernels/simd/table.h"
#include "kernels/simd/weights.h"
#include "kernels/simd/x86_formats.h"

namespace croft {

const KernelTable& avx2_table() {
  static constexpr KernelTable table =
      make_table<Avx2Simd, SimdWeights<Avx2Simd, X86Formats<Avx2Simd>>, PackedMatmul<Avx2Lanes>,
                 Avx2AttentionLanes>(QuantizeAvx2<Avx2Simd>::quantize_group);
  return table;
}

}  // namespace croft
