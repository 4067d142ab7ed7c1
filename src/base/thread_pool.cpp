#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace croft {
namespace {

// About 20 µs of pausing on a 2.5 GHz core: longer than the gap between two matrices of one token,
// far shorter than a scheduler slice, so a busy neighbour costs a share of speed and not a stall
// per barrier.
constexpr int kSpins = 2000;

constexpr std::uint64_t kGeneration = 1ULL << 32;
constexpr std::uint64_t kClosed = 1ULL << 31;

std::uint32_t generation_of(std::uint64_t state) {
  return static_cast<std::uint32_t>(state >> 32);
}
std::uint64_t inside(std::uint64_t state) {
  return state & (kClosed - 1);
}

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

std::size_t available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return std::max<std::size_t>(1, static_cast<std::size_t>(CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(std::size_t threads_count) : state_(kClosed) {
  if (threads_count == 0) threads_count = available_cpus();
  workers_.reserve(threads_count - 1);
  for (std::size_t i = 1; i < threads_count; ++i)
    workers_.emplace_back([this, i] { worker_loop(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true);
    state_.fetch_add(kGeneration);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::dispatch(Function function, void* argument) {
  if (workers_.empty()) {
    function(argument, 0);
    return;
  }
  function_ = function;
  argument_ = argument;
  const std::uint64_t before = state_.load(std::memory_order_relaxed);
  DCHECK((before & kClosed) != 0 && inside(before) == 0);
  state_.store((before & ~kClosed) + kGeneration, std::memory_order_seq_cst);
  if (parked_.load(std::memory_order_seq_cst) != 0) {
    // Taking the lock orders this notification after the sleeper's last look at state_.
    {
      const std::lock_guard lock(mutex_);
    }
    wake_.notify_all();
  }
  call(0);
  // Nobody joins from here on; those inside are on their last piece of work.
  std::uint64_t state = state_.fetch_or(kClosed, std::memory_order_acq_rel) | kClosed;
  for (int spin = 0; inside(state) != 0; state = state_.load(std::memory_order_acquire)) {
    if (++spin < kSpins)
      pause_cpu();
    else
      state_.wait(state, std::memory_order_acquire);
  }
  if (lacked_memory_.load(std::memory_order_relaxed)) [[unlikely]] {
    lacked_memory_.store(false, std::memory_order_relaxed);
    throw std::bad_alloc();
  }
}

void ThreadPool::call(std::size_t worker) noexcept {
  try {
    function_(argument_, worker);
  } catch (const std::bad_alloc&) {
    lacked_memory_.store(true, std::memory_order_relaxed);
  }
}

bool ThreadPool::join(std::uint32_t generation) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while (generation_of(state) == generation && (state & kClosed) == 0)
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) return true;
  return false;
}

void ThreadPool::leave() {
  const std::uint64_t after = state_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if ((after & kClosed) != 0 && inside(after) == 0) state_.notify_one();
}

void ThreadPool::worker_loop(std::size_t index) {
  std::uint32_t seen = 0;
  const auto generation = [this](std::memory_order order) {
    return generation_of(state_.load(order));
  };
  for (;;) {
    int spin = 0;
    while (generation(std::memory_order_acquire) == seen) {
      if (++spin < kSpins) {
        pause_cpu();
        continue;
      }
      std::unique_lock lock(mutex_);
      parked_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, [&] { return generation(std::memory_order_seq_cst) != seen; });
      parked_.fetch_sub(1, std::memory_order_seq_cst);
    }
    seen = generation(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_acquire)) return;
    if (!join(seen)) continue;  // too late: the others have done it all
    call(index);
    leave();
  }
}

}  // namespace croft
