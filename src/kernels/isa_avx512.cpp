#include "kernels/simd/attention_avx512.h"
#include "kernels/simd/avx512.h"
#include "kernels/simd/lanes_avx512.h"
#include "kernels/simd/quantize_avx512.h"
#include "kernels/simd/table.h"
#include "kernels/simd/weights.h"
#include "kernels/simd/x86_formats.h"

namespace croft {
namespace {

struct MultiplyAndAdd {
  static __m512i add_products(__m512i sum, __m512i a, __m512i b) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
  }
};

}  // namespace

const KernelTable& avx512_table() {
  static constexpr KernelTable table =
      make_table<Avx512Simd, SimdWeights<Avx512Simd, X86Formats<Avx512Simd>>,
                 PackedMatmul<Avx512Lanes<MultiplyAddDot>>, Avx512AttentionLanes<MultiplyAndAdd>>(
          QuantizeAvx512<Avx512Simd>::quantize_group);
  return table;
}

}  // namespace croft
