// Goal: the parts every folder leans on behave at their borders. Method: table cases, and a small
// model of the pool's work.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"

namespace croft {
namespace {

TEST(Checked, RefusesEveryWrap) {
  EXPECT_EQ(checked_mul<std::uint64_t>(1ULL << 32, 1ULL << 32), std::nullopt);
  EXPECT_EQ(checked_mul<std::uint64_t>(3, 5), 15u);
  EXPECT_EQ(checked_add<std::uint64_t>(~0ULL, 1), std::nullopt);
  EXPECT_EQ(checked_align(~0ULL - 3, 32), std::nullopt);
  EXPECT_EQ(checked_align(33, 32), 64u);
  EXPECT_FALSE(range_fits(10, ~0ULL, 100));
  EXPECT_FALSE(range_fits(101, 0, 100));
  EXPECT_TRUE(range_fits(100, 0, 100));
  EXPECT_EQ((checked_cast<std::uint32_t, std::int64_t>(-1)), std::nullopt);
  EXPECT_EQ((checked_cast<std::int32_t, std::uint64_t>(1ULL << 31)), std::nullopt);
  EXPECT_EQ((checked_cast<std::int32_t, std::uint64_t>(7)), 7);
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::InvalidArgument, "odd", "Give an even number.");
  return n / 2;
}
Result<int> quarter(int n) {
  const int once = TRY(half(n));
  return TRY(half(once));
}

TEST(Error, TryPassesErrorsUp) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().to_string(), "odd. Give an even number.");
  for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code)
    EXPECT_GT(traits(static_cast<ErrorCode>(code)).exit_code, 0);
}

TEST(TensorTypes, RowBytes) {
  EXPECT_EQ(row_bytes(TensorType::Q4_1, 576), 576u / 32 * 20);
  EXPECT_EQ(row_bytes(TensorType::Q4_K, 576), std::nullopt);
  EXPECT_EQ(row_bytes(TensorType::F32, 1ULL << 63), std::nullopt);
  EXPECT_EQ(find_tensor_type(4), nullptr);
  EXPECT_EQ(tensor_type_name_or_empty(17), "IQ2_XS");
}

TEST(ThreadPool, CoversEveryIndexOnce) {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    for (const std::size_t count : {0u, 1u, 7u, 64u, 1000u}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<std::atomic<int>> hits(count);
        pool.parallel_for(count, 16, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) hits[i].fetch_add(1);
        });
        for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1);
      }
    }
  }
}

TEST(ThreadPool, WakesParkedWorkers) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    // Whoever comes first waits for a second: only a woken worker can let it go on.
    std::atomic<int> inside{0};
    pool.run([&](std::size_t) {
      inside.fetch_add(1);
      while (inside.load() < 2) std::this_thread::yield();
    });
    EXPECT_GE(inside.load(), 2);
  }
}

TEST(ThreadPool, AWorkerThatComesLateHoldsNobodyUp) {
  ThreadPool pool(4);
  for (int round = 0; round < 20000; ++round) {
    // Shorter than any wake-up: most workers find the run closed. The task's memory must not be
    // touched after it.
    auto counter = std::make_unique<std::atomic<int>>(0);
    pool.run([&](std::size_t) { counter->fetch_add(1); });
    const int calls = counter->load();
    ASSERT_GE(calls, 1);
    ASSERT_LE(calls, 4);
  }
}

}  // namespace
}  // namespace croft
