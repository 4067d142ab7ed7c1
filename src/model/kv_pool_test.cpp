// Goal: pages are counted, shared and given back exactly. Method: small pools, references and
// memory looked at.
#include "model/kv_pool.h"

#include <gtest/gtest.h>

#include <cstring>

namespace croft {
namespace {

ModelConfig small_config() {
  ModelConfig config;
  config.layer_count = 3;
  config.kv_head_count = 2;
  config.head_size = 20;
  return config;
}

KvPool make_pool(std::size_t pages) {
  auto pool = KvPool::create(small_config(), {.positions = pages * kv_block_positions});
  EXPECT_TRUE(pool.has_value());
  return std::move(*pool);
}

TEST(KvPool, PagesAreTakenSharedAndFreedWithTheirLastReference) {
  KvPool pool = make_pool(4);
  KvTable one(pool), two(pool);
  ASSERT_TRUE(one.reserve(kv_block_positions + 1));
  EXPECT_EQ(pool.pages_free(), 2u);
  two.append_shared(one.ids()[0]);
  EXPECT_EQ(pool.references(one.ids()[0]), 2u);
  EXPECT_EQ(two.layer(1).pages[0], one.layer(1).pages[0]);
  ASSERT_TRUE(two.reserve(2 * kv_block_positions));
  EXPECT_NE(two.ids()[1], one.ids()[1]);
  one.clear();
  EXPECT_EQ(pool.pages_free(), 2u);
  two.truncate(kv_block_positions);
  EXPECT_EQ(pool.pages_free(), 3u);
  EXPECT_EQ(two.ids().size(), 1u);
}

TEST(KvPool, AReservationThatDoesNotFitTakesNothing) {
  KvPool pool = make_pool(3);
  KvTable one(pool), two(pool);
  ASSERT_TRUE(one.reserve(2 * kv_block_positions));
  EXPECT_FALSE(two.reserve(2 * kv_block_positions));
  EXPECT_EQ(pool.pages_free(), 1u);
  EXPECT_TRUE(two.reserve(kv_block_positions));
}

TEST(KvPool, ATableThatIsMovedKeepsItsPagesOnce) {
  KvPool pool = make_pool(3);
  {
    KvTable one(pool);
    ASSERT_TRUE(one.reserve(70));
    KvTable two(std::move(one));
    EXPECT_EQ(two.ids().size(), 2u);
    KvTable three(pool);
    three = std::move(two);
    EXPECT_EQ(pool.pages_free(), 1u);
  }
  EXPECT_EQ(pool.pages_free(), 3u);
}

TEST(KvPool, TrimReturnsTheMemoryOfFreePagesOnly) {
  KvPool pool = make_pool(3);
  KvTable kept(pool);
  ASSERT_TRUE(kept.reserve(1));
  std::memset(kept.layer(0).pages[0], 7, pool.page_bytes());
  KvTable gone(pool);
  ASSERT_TRUE(gone.reserve(1));
  std::byte* memory = gone.layer(0).pages[0];
  std::memset(memory, 7, pool.page_bytes());
  gone.clear();
  EXPECT_EQ(pool.pages_resident(), 2u);
  pool.trim();
  EXPECT_EQ(pool.pages_resident(), 1u);
  EXPECT_EQ(memory[5], std::byte{0});
  EXPECT_EQ(kept.layer(0).pages[0][pool.page_bytes() - 1], std::byte{7});
}

TEST(KvPool, MoreThanTheMachineHasIsRefusedWithBothNumbers) {
  const auto pool = KvPool::create(small_config(), {.positions = std::size_t{1} << 40});
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().code, ErrorCode::TooLarge);
  EXPECT_NE(pool.error().message.find("this machine has"), std::string::npos);
}

TEST(KvPool, EightBitsNeedHeadsOfWholeBlocks) {
  const auto pool = KvPool::create(small_config(), {.type = TensorType::Q8_0, .positions = 64});
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace croft
