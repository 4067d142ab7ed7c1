#pragma once
/// Which buckets a model has weights for, and in which row: one bit a bucket, and the number of
/// earlier ones beside every 64 bits. A look-up is one load, a test and a population count.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace croft {

class BucketIndex {
 public:
  BucketIndex() = default;
  /// Row i is for buckets[i]. Requires: strictly ascending, all below `buckets_count`, which is a
  /// multiple of 64. All other buckets get the row after the last.
  BucketIndex(std::span<const std::uint32_t> buckets, std::size_t buckets_count)
      : groups_(buckets_count / 64), absent_(static_cast<std::uint32_t>(buckets.size())) {
    for (const std::uint32_t bucket : buckets)
      groups_[bucket / 64].bits |= std::uint64_t{1} << (bucket % 64);
    std::uint32_t rank = 0;
    for (Group& group : groups_) {
      group.rank = rank;
      rank += count_bits(group.bits);
    }
  }

  [[nodiscard]] std::uint32_t absent() const { return absent_; }
  /// Requires bucket < buckets_count.
  [[nodiscard]] std::uint32_t row(std::uint32_t bucket) const {
    const Group& group = groups_[bucket / 64];
    const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
    const std::uint32_t row = group.rank + count_bits(group.bits & (bit - 1));
    // No branch: which buckets are known is as good as random.
    return (group.bits & bit) != 0 ? row : absent_;
  }

 private:
  /// Without the instruction, which the program's baseline lacks, std::popcount is a call.
  [[nodiscard]] static std::uint32_t count_bits(std::uint64_t bits) {
    bits -= (bits >> 1) & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + ((bits >> 2) & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return static_cast<std::uint32_t>((bits * 0x0101010101010101u) >> 56);
  }

  struct Group {
    std::uint64_t bits = 0;
    std::uint32_t rank = 0;
  };
  std::vector<Group> groups_;
  std::uint32_t absent_ = 0;
};

}  // namespace croft
