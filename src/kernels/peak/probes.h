#pragma once
/// The inner loops behind machine_peak.h, one set per instruction set.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "kernels/machine_peak.h"

namespace croft {

/// What a loop did. `checksum` depends on every result, so that no compiler may leave work out.
struct ProbeWork {
  double operations = 0.0;
  double checksum = 0.0;
};

struct ArithmeticProbe {
  ArithmeticKind kind;
  /// Every round updates each of several independent sums once: enough of them to hide the latency
  /// of the instruction (4 or 5 cycles, two a cycle: at least 10).
  ProbeWork (*run)(std::size_t rounds);
};

struct PeakProbes {
  std::span<const ArithmeticProbe> arithmetic;
  /// Reads everything once and returns a value that depends on all of it. Requires: data aligned to
  /// 64 bytes, bytes a multiple of 1024.
  std::uint64_t (*read)(const std::byte* data, std::size_t bytes);
};

const PeakProbes& portable_probes();
const PeakProbes& avx2_probes();
const PeakProbes& avx512_probes();
const PeakProbes& avx512vnni_probes();
const PeakProbes& neon_probes();
const PeakProbes& neon_i8mm_probes();
/// Requires has_matrix_tiles().
std::span<const ArithmeticProbe> tile_probes();

inline constexpr std::size_t probe_sums_count = 12;

/// Sets every sum to what `read` says. It must read a volatile each time: sums that the compiler
/// knows to be equal become one, and a chain of one is measured.
template <typename Sum, typename Read>
inline void fill_sums(Sum& sums, const Read& read) {
  for (auto& sum : sums) sum = read();
}

/// Updates all sums once. The indices are constants, so that each sum has a register of its own;
/// gcc 12 keeps an array that a loop indexes in memory.
template <typename Sum, typename Step, std::size_t... index>
inline void update_sums(Sum (&sums)[sizeof...(index)], const Step& step,
                        std::index_sequence<index...>) {
  ((sums[index] = step(sums[index])), ...);
}

}  // namespace croft
