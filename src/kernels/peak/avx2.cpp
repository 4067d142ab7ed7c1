// Peak loops in 256-bit registers.
#include <immintrin.h>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

constexpr auto indices = std::make_index_sequence<probe_sums_count>();

ProbeWork fused_multiply_add(std::size_t rounds) {
  volatile float source = 0.5f;
  const __m256 a = _mm256_set1_ps(source);
  const __m256 b = _mm256_set1_ps(source);
  __m256 sums[probe_sums_count];
  fill_sums(sums, [&] { return _mm256_set1_ps(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(sums, [&](__m256 sum) { return _mm256_fmadd_ps(a, b, sum); }, indices);
  float lanes[8];
  double checksum = 0.0;
  for (const __m256 sum : sums) {
    _mm256_storeu_ps(lanes, sum);
    checksum += static_cast<double>(lanes[0]);
  }
  return {static_cast<double>(rounds * probe_sums_count * 8 * 2), checksum};
}

// Bytes are multiplied into 16-bit pairs and those added into 32-bit sums. The first operand takes
// part of the sum, or the products would be computed once, before the loop.
ProbeWork widened_bytes(std::size_t rounds) {
  volatile char source = 1;
  const __m256i a = _mm256_set1_epi8(source);
  const __m256i ones = _mm256_set1_epi16(source);
  __m256i sums[probe_sums_count];
  fill_sums(sums, [&] { return _mm256_set1_epi8(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    update_sums(
        sums,
        [&](__m256i sum) {
          const __m256i pairs = _mm256_maddubs_epi16(sum, a);
          return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        },
        indices);
  double checksum = 0.0;
  for (const __m256i sum : sums) checksum += static_cast<double>(_mm256_extract_epi32(sum, 0));
  return {static_cast<double>(rounds * probe_sums_count * 32 * 2), checksum};
}

std::uint64_t read(const std::byte* data, std::size_t bytes) {
  constexpr auto eight = std::make_index_sequence<8>();
  __m256i sums[8] = {};
  for (std::size_t at = 0; at < bytes; at += sizeof(sums)) {
    const auto* source = reinterpret_cast<const __m256i*>(data + at);
    update_sums(
        sums, [&](__m256i sum) { return _mm256_xor_si256(sum, _mm256_load_si256(source++)); },
        eight);
  }
  for (const __m256i sum : sums) sums[0] = _mm256_xor_si256(sums[0], sum);
  return static_cast<std::uint64_t>(_mm256_extract_epi64(sums[0], 0));
}

constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::F32, fused_multiply_add},
                                          {ArithmeticKind::Int8Widened, widened_bytes}};

}  // namespace

const PeakProbes& avx2_probes() {
  static constexpr PeakProbes probes = {arithmetic, read};
  return probes;
}

}  // namespace croft
