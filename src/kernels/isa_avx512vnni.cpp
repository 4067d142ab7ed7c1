// The AVX-512 kernels, with attention scores by the instruction that AVX-512 VNNI adds. Nothing
// else here multiplies integers.
#include "kernels/kernel_table.h"
#include "kernels/simd/q8_scores.h"
#include "kernels/simd/q8_scores_avx512.h"

namespace croft {
namespace {

struct DotProducts {
  static __m512i add_products(__m512i sum, __m512i a, __m512i b) {
    return _mm512_dpwssd_epi32(sum, a, b);
  }
};

}  // namespace

const KernelTable& avx512vnni_table() {
  static const KernelTable table = [] {
    KernelTable changed = avx512_table();
    changed.score_q8 = Q8Scores<Avx512KeyLanes<DotProducts>>::score;
    return changed;
  }();
  return table;
}

}  // namespace croft
