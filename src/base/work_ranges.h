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

  struct Pieces {
    std::size_t begin = 0, end = 0;
  };

  /// The next pieces for `thread`, or nothing when all are taken: a part of what its range has
  /// left, so that there are few borders early and little to wait for at the end. Threads: any,
  /// each with its own number below ranges.size().
  std::optional<Pieces> next(std::size_t thread) {
    if (const auto pieces = take(ranges_[thread], true)) return pieces;
    for (std::size_t i = 1; i < ranges_.size(); ++i)
      if (const auto pieces = take(ranges_[(thread + i) % ranges_.size()], false)) return pieces;
    return std::nullopt;
  }

 private:
  static std::uint64_t pack(std::uint64_t begin, std::uint64_t end) { return end << 32 | begin; }

  static std::optional<Pieces> take(Range& range, bool front) {
    std::uint64_t bounds = range.bounds.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t begin = bounds & 0xffffffffu, end = bounds >> 32;
      if (begin >= end) return std::nullopt;
      const std::uint64_t count = (end - begin + 3) / 4;
      const std::uint64_t left = front ? pack(begin + count, end) : pack(begin, end - count);
      if (range.bounds.compare_exchange_weak(bounds, left, std::memory_order_relaxed))
        return front ? Pieces{begin, begin + count} : Pieces{end - count, end};
    }
  }

  std::span<Range> ranges_;
};

}  // namespace croft
