#pragma once
/// Random numbers for ids, seeds and jitter: unique, not secret. Keys and nonces come from
/// libsodium.

#include <cstdint>

namespace croft {

/// 64 random bits. Any thread; each has a generator that the system seeds once, because asking the
/// system (or the processor's RDSEED, 30 us on some virtual machines) each time costs more than
/// routing a request.
[[nodiscard]] std::uint64_t random_bits();

}  // namespace croft
