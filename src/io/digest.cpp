#include "io/digest.h"

// The library as inline code: Croft links nothing more, and the loops are compiled for long inputs.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "base/limits.h"

namespace croft {
namespace {

constexpr std::size_t piece_bytes = 1 * limits::MiB;

std::size_t piece_count(std::span<const std::byte> item) {
  return (item.size() + piece_bytes - 1) / piece_bytes;
}

}  // namespace

std::uint64_t xxh3_64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::vector<std::uint64_t> piecewise_digests(std::span<const std::span<const std::byte>> items,
                                             ThreadPool& pool) {
  std::vector<std::span<const std::byte>> pieces;
  for (const auto& item : items)
    for (std::size_t at = 0; at < item.size(); at += piece_bytes)
      pieces.push_back(item.subspan(at, std::min(piece_bytes, item.size() - at)));
  std::vector<std::uint64_t> digests(pieces.size());
  pool.parallel_for(pieces.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) digests[i] = xxh3_64(pieces[i]);
  });
  std::vector<std::uint64_t> out;
  out.reserve(items.size());
  std::size_t first = 0;
  for (const auto& item : items) {
    out.push_back(xxh3_64(std::as_bytes(std::span(digests).subspan(first, piece_count(item)))));
    first += piece_count(item);
  }
  return out;
}

std::string digest_text(std::uint64_t digest) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; digest >>= 4)
    text[i] = "0123456789abcdef"[digest & 15];
  return text;
}

}  // namespace croft
