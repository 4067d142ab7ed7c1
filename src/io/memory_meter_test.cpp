// Goal: tests can bound how much memory a parser takes.
// Method: this file replaces operator new and delete of the whole test program by ones that count.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "io/test_memory.h"

namespace {
std::atomic<std::size_t> live_bytes = 0;
std::atomic<std::size_t> peak_bytes = 0;

void* count_allocation(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  const std::size_t live = live_bytes += ::malloc_usable_size(memory);
  std::size_t peak = peak_bytes;
  while (peak < live && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

void count_release(void* memory) {
  live_bytes -= ::malloc_usable_size(memory);
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) {
  return count_allocation(size);
}
void operator delete(void* memory) noexcept {
  count_release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  count_release(memory);
}

namespace croft {

std::size_t memory_held() {
  return live_bytes;
}
void reset_memory_peak() {
  peak_bytes = live_bytes.load();
}
std::size_t memory_peak() {
  return peak_bytes;
}

namespace {

TEST(MemoryMeter, CountsWhatIsHeldAndItsPeak) {
  const std::size_t before = memory_held();
  reset_memory_peak();
  auto text = std::make_unique<std::string>(100'000, 'x');
  EXPECT_GE(memory_held() - before, 100'000U);
  text.reset();
  EXPECT_EQ(memory_held(), before);
  EXPECT_GE(memory_peak() - before, 100'000U);
}

}  // namespace
}  // namespace croft
