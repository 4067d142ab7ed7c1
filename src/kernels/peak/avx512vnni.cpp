// Peak loop of the byte products that AVX-512 VNNI adds; all else is as with plain AVX-512.
#include <immintrin.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

ProbeWork dot_products(std::size_t rounds) {
  constexpr auto indices = std::make_index_sequence<probe_sums_count>();
  volatile char source = 1;
  const __m512i a = _mm512_set1_epi8(source);
  const __m512i b = _mm512_set1_epi8(source);
  __m512i sums[probe_sums_count];
  fill_sums(sums, [&] { return _mm512_set1_epi8(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](__m512i sum) { return _mm512_dpbusd_epi32(sum, a, b); }, indices);
  double checksum = 0.0;
  for (const __m512i sum : sums) checksum += static_cast<double>(_mm512_reduce_add_epi32(sum));
  return {static_cast<double>(rounds * probe_sums_count * 64 * 2), checksum};
}

}  // namespace

const PeakProbes& avx512vnni_probes() {
  // Beside the dot product the other ways are no choice any more: a third of its speed at most.
  static constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::Int8Dot, dot_products}};
  static const PeakProbes probes = {arithmetic, avx512_probes().read};
  return probes;
}

}  // namespace croft
