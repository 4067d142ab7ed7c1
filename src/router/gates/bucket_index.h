#pragma once
/// Which buckets a model has weights for, and in which row: one bit a bucket, and the number of
/// earlier ones beside every 64 bits. A look-up is one load, a test and a population count.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace croft {

class BucketIndex {
 public:
  static constexpr std::uint32_t absent = 0xFFFFFFFF;

  BucketIndex() = default;
  /// Row i is for buckets[i]. Requires: strictly ascending, all below `buckets_count`, which is a
  /// multiple of 64.
  BucketIndex(std::span<const std::uint32_t> buckets, std::size_t buckets_count)
      : groups_(buckets_count / 64) {
    for (const std::uint32_t bucket : buckets)
      groups_[bucket / 64].bits |= std::uint64_t{1} << (bucket % 64);
    std::uint32_t rank = 0;
    for (Group& group : groups_) {
      group.rank = rank;
      rank += static_cast<std::uint32_t>(std::popcount(group.bits));
    }
  }

  /// Requires bucket < buckets_count.
  [[nodiscard]] std::uint32_t row(std::uint32_t bucket) const {
    const Group& group = groups_[bucket / 64];
    const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
    if ((group.bits & bit) == 0) return absent;
    return group.rank + static_cast<std::uint32_t>(std::popcount(group.bits & (bit - 1)));
  }

 private:
  struct Group {
    std::uint64_t bits = 0;
    std::uint32_t rank = 0;
  };
  std::vector<Group> groups_;
};

}  // namespace croft
