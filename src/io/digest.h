#pragma once
/// XXH3, the digest that is checked at every start: it runs at the speed of memory, and sees any
/// accident but no malice (SHA-256 is for files from elsewhere, sha256.h). libxxhash lives in
/// digest.cpp only.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace croft {

/// XXH3 with 64 bits and seed 0.
[[nodiscard]] std::uint64_t xxh3_64(std::span<const std::byte> bytes);

/// 16 hexadecimal digits, lower case.
[[nodiscard]] std::string digest_text(std::uint64_t digest);

/// A digest of each of `items` that several threads can make of one item: bytes are cut into pieces
/// of 1 MiB, and the digest is the XXH3 of the pieces' XXH3s, each as 8 bytes, little-endian.
[[nodiscard]] std::vector<std::uint64_t> piecewise_digests(
    std::span<const std::span<const std::byte>> items, ThreadPool& pool);

}  // namespace croft
