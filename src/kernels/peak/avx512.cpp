// Peak loops in 512-bit registers.
#include <immintrin.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

constexpr auto indices = std::make_index_sequence<probe_sums_count>();

ProbeWork fused_multiply_add(std::size_t rounds) {
  volatile float source = 0.5f;
  const __m512 a = _mm512_set1_ps(source);
  const __m512 b = _mm512_set1_ps(source);
  __m512 sums[probe_sums_count];
  fill_sums(sums, [&] { return _mm512_set1_ps(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](__m512 sum) { return _mm512_fmadd_ps(a, b, sum); }, indices);
  double checksum = 0.0;
  for (const __m512 sum : sums) checksum += static_cast<double>(_mm512_reduce_add_ps(sum));
  return {static_cast<double>(rounds * probe_sums_count * 16 * 2), checksum};
}

// See avx2.cpp.
ProbeWork widened_bytes(std::size_t rounds) {
  volatile char source = 1;
  const __m512i a = _mm512_set1_epi8(source);
  const __m512i ones = _mm512_set1_epi16(source);
  __m512i sums[probe_sums_count];
  fill_sums(sums, [&] { return _mm512_set1_epi8(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(
        sums,
        [&](__m512i sum) {
          const __m512i pairs = _mm512_maddubs_epi16(sum, a);
          return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, ones));
        },
        indices);
  double checksum = 0.0;
  for (const __m512i sum : sums) checksum += static_cast<double>(_mm512_reduce_add_epi32(sum));
  return {static_cast<double>(rounds * probe_sums_count * 64 * 2), checksum};
}

std::uint64_t read(const std::byte* data, std::size_t bytes) {
  constexpr auto eight = std::make_index_sequence<8>();
  __m512i sums[8] = {};
  for (std::size_t at = 0; at < bytes; at += sizeof(sums)) {
    const std::byte* source = data + at;
    update_sums(
        sums,
        [&](__m512i sum) {
          const __m512i value = _mm512_load_si512(source);
          source += sizeof(value);
          return _mm512_xor_si512(sum, value);
        },
        eight);
  }
  for (const __m512i sum : sums) sums[0] = _mm512_xor_si512(sums[0], sum);
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(sums[0]));
}

constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::F32, fused_multiply_add},
                                          {ArithmeticKind::Int8Widened, widened_bytes}};

}  // namespace

const PeakProbes& avx512_probes() {
  static constexpr PeakProbes probes = {arithmetic, read};
  return probes;
}

}  // namespace croft
