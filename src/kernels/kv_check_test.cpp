// Goal: what was stored passes the check, and whatever passes it can be attended without an
// overflow. Method: stored blocks of all forms; blocks of random bytes brought within the bounds,
// attended by the portable code under UBSan; blocks just outside.
#include "kernels/kv_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/attention.h"

namespace croft {
namespace {

constexpr KvLayout layouts[] = {{KvForm::Bits16, 1, 64},
                                {KvForm::Bits16, 1, 20},
                                {KvForm::Bits8, 1, 64},
                                {KvForm::Bits8, 1, 96},
                                {KvForm::Floats, 1, 32}};

struct Block {
  explicit Block(const KvLayout& l) : layout(l), memory(l.block_bytes() + 64) {
    data = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64);
  }
  Block(const Block&) = delete;
  [[nodiscard]] std::span<std::byte> bytes() const { return {data, layout.block_bytes()}; }
  [[nodiscard]] bool is_sound() const { return is_sound_kv_block(layout, bytes()); }
  template <typename T>
  void put(std::size_t offset, T value) const {
    std::memcpy(data + offset, &value, sizeof value);
  }

  KvLayout layout;
  std::vector<std::byte> memory;
  std::byte* data;
};

void store(const Block& block, float size, std::uint64_t seed) {
  const std::size_t head = block.layout.head_size;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0f, 1.0f);
  std::vector<float> keys(kv_block_positions * head), values(keys.size());
  for (float& v : keys) v = size * normal(random);
  for (float& v : values) v = size * normal(random);
  std::byte* page = block.data;
  ThreadPool pool(1);
  const KvRun run{.kv = {&page, 0}, .count = kv_block_positions};
  store_kv(block.layout, {&run, 1}, {keys.data(), kv_block_positions, head},
           {values.data(), kv_block_positions, head}, Isa::Portable, pool);
}

TEST(KvCheck, WhatWasStoredIsSound) {
  std::uint64_t seed = 1;
  for (const KvLayout& layout : layouts)
    for (const float size : {0.0f, 1e-30f, 1.0f, 1e4f, 1e30f}) {
      const Block block(layout);
      store(block, size, ++seed);
      EXPECT_TRUE(block.is_sound()) << static_cast<int>(layout.form) << ' ' << size;
    }
}

/// The worst that passes: every key at the bound of the norm, every value at its peak.
void fill_to_the_bound(const Block& block) {
  const KvLayout& l = block.layout;
  const std::size_t count = l.padded_size() * kv_block_positions;
  const double each = 46000.0 / std::sqrt(static_cast<double>(l.padded_size()));
  for (std::size_t i = 0; i < count; ++i) {
    if (l.form == KvForm::Bits16) {
      block.put(i * 2, static_cast<std::int16_t>(std::min(each, 32767.0)));
      block.put(l.values() + i * 2, std::numeric_limits<std::int16_t>::min());
    } else {
      block.put(i, static_cast<std::int8_t>(each / 255.0));
      block.put(l.values() + i, std::numeric_limits<std::int8_t>::min());
    }
  }
  for (std::size_t p = 0; p < kv_block_positions; ++p) {
    block.put(l.key_scales() + p * 4, p % 2 == 0 ? 1.0f : 0.0f);
    block.put(l.value_scales() + p * 4, p % 3 == 0 ? 1e30f : 1.0f);
  }
  for (std::size_t i = 0; i < l.factor_bytes(); ++i) {
    block.put(l.key_factors() + i, std::uint8_t{255});
    block.put(l.value_factors() + i, std::uint8_t{255});
  }
}

TEST(KvCheck, TheWorstThatPassesCanBeAttended) {
  for (const KvLayout& layout : layouts) {
    if (layout.form == KvForm::Floats) continue;
    const Block block(layout);
    fill_to_the_bound(block);
    ASSERT_TRUE(block.is_sound());
    std::byte* page = block.data;
    ThreadPool pool(1);
    for (const float size : {1e-20f, 1.0f, 1e20f}) {
      const AttentionRow row{{&page, 0}, 0, kv_block_positions - 1};
      std::vector<float> q(layout.head_size, size), out(layout.head_size);
      attention({&row, 1}, {q.data(), 1, q.size()}, {out.data(), 1, out.size()},
                {1, layout, 1.0f, 0.0f}, Isa::Portable, pool);
    }
  }
}

TEST(KvCheck, WhatIsOutOfBoundsIsSeen) {
  for (const KvLayout& layout : layouts) {
    const Block block(layout);
    const auto refused = [&](auto break_it) {
      store(block, 1.0f, 5);
      ASSERT_TRUE(block.is_sound());
      break_it();
      EXPECT_FALSE(block.is_sound()) << static_cast<int>(layout.form);
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    if (layout.form == KvForm::Floats) {
      refused([&] { block.put(0, nan); });
      refused(
          [&] { block.put(layout.values() + 4 * 100, std::numeric_limits<float>::infinity()); });
      continue;
    }
    refused([&] { block.put(layout.key_scales() + 4 * 63, nan); });
    refused([&] { block.put(layout.value_scales(), -1.0f); });
    refused([&] {
      // One position's elements, every one at the largest.
      for (std::size_t e = 0; e < layout.padded_size(); ++e) {
        const std::size_t i = (e / 2 * kv_block_positions + 7) * 2 + e % 2;
        if (layout.form == KvForm::Bits16)
          block.put(i * 2, std::int16_t{32767});
        else
          block.put(i, std::int8_t{127});
      }
      for (std::size_t i = 0; i < layout.factor_bytes(); ++i)
        block.put(layout.key_factors() + i, std::uint8_t{255});
    });
    if (layout.form == KvForm::Bits8)
      refused([&] { block.put(layout.value_factors() + 3, std::uint8_t{0}); });
  }
}

}  // namespace
}  // namespace croft
