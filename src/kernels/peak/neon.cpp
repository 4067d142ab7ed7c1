// Peak loops in NEON registers, with the dot products of ARMv8.2.
#include <arm_neon.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

constexpr auto indices = std::make_index_sequence<probe_sums_count>();

ProbeWork fused_multiply_add(std::size_t rounds) {
  volatile float source = 0.5f;
  const float32x4_t a = vdupq_n_f32(source);
  const float32x4_t b = vdupq_n_f32(source);
  float32x4_t sums[probe_sums_count];
  fill_sums(sums, [&] { return vdupq_n_f32(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](float32x4_t sum) { return vfmaq_f32(b, a, sum); }, indices);
  double checksum = 0.0;
  for (const float32x4_t sum : sums) checksum += static_cast<double>(vgetq_lane_f32(sum, 0));
  return {static_cast<double>(rounds * probe_sums_count * 4 * 2), checksum};
}

ProbeWork dot_products(std::size_t rounds) {
  volatile std::int8_t source = 1;
  const int8x16_t a = vdupq_n_s8(source);
  const int8x16_t b = vdupq_n_s8(source);
  int32x4_t sums[probe_sums_count];
  fill_sums(sums, [&] { return vdupq_n_s32(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](int32x4_t sum) { return vdotq_s32(sum, a, b); }, indices);
  double checksum = 0.0;
  for (const int32x4_t sum : sums) checksum += static_cast<double>(vaddvq_s32(sum));
  return {static_cast<double>(rounds * probe_sums_count * 16 * 2), checksum};
}

constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::Int8Dot, dot_products},
                                          {ArithmeticKind::F32, fused_multiply_add}};

}  // namespace

const PeakProbes& neon_probes() {
  // The portable loop reads with registers as wide as these.
  static const PeakProbes probes = {arithmetic, portable_probes().read};
  return probes;
}

}  // namespace croft
