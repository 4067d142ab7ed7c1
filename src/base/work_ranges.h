#pragma once
/// Pieces of work, numbered 0..count, shared out among threads so that each works through
/// neighbours.
///
/// Neighbouring pieces read neighbouring memory: a thread that goes through a range of its own
/// leaves the prefetchers (the processor's and ours) right about what comes next, where threads
/// that draw from one counter do not. A thread that has finished its range takes pieces from the
/// ends of the others', so that a slow or absent thread holds up nobody.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.h"

namespace croft {

class WorkRanges {
 public:
  /// A range on a cache line of its own: its owner takes from it without disturbing others.
  struct alignas(64) Range {
    std::atomic<std::uint64_t> bounds{0};  ///< end << 32 | begin
  };

  /// Shares out [0, count) among ranges.size() threads. Requires: count < 2^32; the ranges outlive
  /// this object and have no other user.
  WorkRanges(std::size_t count, std::span<Range> ranges) : ranges_(ranges) {
    CHECK(count < (std::uint64_t{1} << 32) && !ranges.empty());
    for (std::size_t i = 0; i < ranges.size(); ++i)
      ranges[i].bounds.store(pack(count * i / ranges.size(), count * (i + 1) / ranges.size()),
                             std::memory_order_relaxed);
  }

  /// The next piece for `thread`, or nothing when all are taken. Threads: any, each with its own
  /// number below ranges.size().
  std::optional<std::size_t> next(std::size_t thread) {
    if (const auto piece = take(ranges_[thread], true)) return piece;
    for (std::size_t i = 1; i < ranges_.size(); ++i)
      if (const auto piece = take(ranges_[(thread + i) % ranges_.size()], false)) return piece;
    return std::nullopt;
  }

 private:
  static std::uint64_t pack(std::uint64_t begin, std::uint64_t end) { return end << 32 | begin; }

  static std::optional<std::size_t> take(Range& range, bool front) {
    std::uint64_t bounds = range.bounds.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t begin = bounds & 0xffffffffu, end = bounds >> 32;
      if (begin >= end) return std::nullopt;
      const std::uint64_t left = front ? pack(begin + 1, end) : pack(begin, end - 1);
      if (range.bounds.compare_exchange_weak(bounds, left, std::memory_order_relaxed))
        return front ? begin : end - 1;
    }
  }

  std::span<Range> ranges_;
};

}  // namespace croft
