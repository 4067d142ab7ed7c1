// Peak loops in plain C++: whatever the compiler's baseline offers.
#include <cstring>

#include "kernels/peak/probes.h"

namespace croft {
namespace {

ProbeWork multiply_add(std::size_t rounds) {
  constexpr std::size_t lanes = 32;  // eight registers of four floats
  volatile float source = 0.5f;      // unknown to the compiler
  const float a = source;
  const float b = source;
  float sums[lanes];
  fill_sums(sums, [&] { return static_cast<float>(source); });
  for (std::size_t round = 0; round < rounds; ++round)
    for (float& sum : sums) sum = sum * a + b;
  double checksum = 0.0;
  for (const float sum : sums) checksum += static_cast<double>(sum);
  return {static_cast<double>(rounds * lanes * 2), checksum};
}

std::uint64_t read(const std::byte* data, std::size_t bytes) {
  constexpr std::size_t lanes = 8;
  std::uint64_t sums[lanes] = {};
  for (std::size_t at = 0; at < bytes; at += sizeof(sums)) {
    std::uint64_t values[lanes];
    std::memcpy(values, data + at, sizeof(values));
    for (std::size_t i = 0; i < lanes; ++i) sums[i] ^= values[i];
  }
  std::uint64_t all = 0;
  for (const std::uint64_t sum : sums) all ^= sum;
  return all;
}

constexpr ArithmeticProbe arithmetic[] = {{ArithmeticKind::F32, multiply_add}};

}  // namespace

const PeakProbes& portable_probes() {
  static constexpr PeakProbes probes = {arithmetic, read};
  return probes;
}

}  // namespace croft
