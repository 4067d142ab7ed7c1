// Goal: tests can prove that a path allocates nothing.
// Method: this file replaces operator new and delete of the whole test program by ones that count;
// the array forms call them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "router/confidence/test_allocations.h"

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CROFT_NO_ALLOCATION_METER  // the sanitizer brings its own operators, and links no others
#endif
#endif

#ifndef CROFT_NO_ALLOCATION_METER
void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace croft {

std::size_t allocations_so_far() {
  return allocations;
}

namespace {

TEST(AllocationMeter, Counts) {
#ifdef CROFT_NO_ALLOCATION_METER
  GTEST_SKIP() << "ThreadSanitizer has operators of its own: nothing is counted in this build";
#endif
  const std::size_t before = allocations_so_far();
  const auto number = std::make_unique<std::string>(100, 'x');
  EXPECT_EQ(allocations_so_far(), before + 2);
}

}  // namespace
}  // namespace croft
