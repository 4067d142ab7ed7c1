#pragma once
/// What this machine could do at best with one instruction set: the numbers that a measurement of a
/// model is compared with.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "base/thread_pool.h"

namespace croft {

/// Ways of multiplying matrices, each with a speed limit of its own.
enum class ArithmeticKind : std::uint8_t {
  F32,          ///< float32 multiply and add, fused where the instruction set has it
  Int8Widened,  ///< bytes by way of 16-bit sums, as AVX2 and plain AVX-512 do it
  Int8Dot,      ///< AVX-512 VNNI, NEON
  Int8Tiles,    ///< AMX-INT8, NEON i8mm
  Bf16Tiles,    ///< AMX-BF16
};

[[nodiscard]] std::string_view arithmetic_kind_name(ArithmeticKind kind);  ///< "int8 dot", ...

struct ArithmeticPeak {
  ArithmeticKind kind = ArithmeticKind::F32;
  double gops = 0.0;  ///< 10^9 operations a second, a multiply-add counts as two; 0: not measured
};

struct ProbeOptions {
  int repeats = 5;             ///< the best counts: other work on the machine only ever subtracts
  double seconds_each = 0.03;  ///< of one repeat
};

/// One entry per kind that `isa` can use, fastest first; never empty. Operands stay in registers.
/// The tiles belong to the machine's best instruction set: a lower one, chosen by hand, goes
/// without.
[[nodiscard]] std::vector<ArithmeticPeak> measure_arithmetic(Isa isa, ThreadPool& pool,
                                                             const ProbeOptions& options = {});

/// 10^9 bytes a second that the threads of `pool` read together from a buffer of this size, over
/// and over. Errors: TooLarge (the buffer does not fit in memory). Requires: bytes > 0.
[[nodiscard]] Result<double> measure_read_bandwidth(std::size_t bytes, Isa isa, ThreadPool& pool,
                                                    const ProbeOptions& options = {});

/// Whether this processor has matrix tiles and the system lets this process use them.
[[nodiscard]] bool has_matrix_tiles();

/// Size of the last cache before memory as the system tells it; nullopt where it does not. Under a
/// hypervisor it is the whole host's, of which a guest gets a part.
[[nodiscard]] std::optional<std::size_t> last_level_cache_bytes();

/// A buffer that no cache holds: twice the last level, at least 256 MiB, at most 1 GiB.
[[nodiscard]] std::size_t uncached_buffer_bytes();

}  // namespace croft
