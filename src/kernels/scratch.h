#pragma once
/// Working memory of a kernel that each thread keeps between calls, so that no token allocates.

#include <cstddef>
#include <memory>
#include <new>

namespace croft {

/// At least `count` elements aligned to 64 bytes, private to the calling thread and to `Purpose`;
/// contents are left over.
template <typename Purpose, typename Element = float>
Element* thread_scratch(std::size_t count) {
  constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(Element* p) const { ::operator delete[](p, alignment); }
  };
  thread_local std::unique_ptr<Element[], Free> memory;
  thread_local std::size_t capacity = 0;
  if (capacity < count) {
    // Where there is no memory for more, there is none at all, and the next call tries again.
    capacity = 0;
    memory.reset();
    memory.reset(static_cast<Element*>(::operator new[](count * sizeof(Element), alignment)));
    capacity = count;
  }
  return memory.get();
}

}  // namespace croft
