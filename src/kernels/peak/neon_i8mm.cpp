// Peak loop of the matrix products that i8mm adds to NEON; all else is as with plain NEON.
#include <arm_neon.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

ProbeWork matrix_products(std::size_t rounds) {
  constexpr auto indices = std::make_index_sequence<probe_sums_count>();
  volatile std::int8_t source = 1;
  const int8x16_t a = vdupq_n_s8(source);
  const int8x16_t b = vdupq_n_s8(source);
  int32x4_t sums[probe_sums_count];
  fill_sums(sums, [&] { return vdupq_n_s32(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](int32x4_t sum) { return vmmlaq_s32(sum, a, b); }, indices);
  double checksum = 0.0;
  for (const int32x4_t sum : sums) checksum += static_cast<double>(vaddvq_s32(sum));
  return {static_cast<double>(rounds * probe_sums_count * 32 * 2), checksum};
}

}  // namespace

const PeakProbes& neon_i8mm_probes() {
  static constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::Int8Tiles, matrix_products}};
  static const PeakProbes probes = {arithmetic, neon_probes().read};
  return probes;
}

}  // namespace croft
