#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>

#include "base/check.h"

namespace croft {
namespace {

// About 20 µs of pausing on a 2.5 GHz core: longer than the gap between two matrices of one token,
// far shorter than a scheduler slice, so a busy neighbour costs a share of speed and not a stall
// per barrier.
constexpr int kSpins = 600;

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

ThreadPool::ThreadPool(std::size_t threads_count) {
  if (threads_count == 0) threads_count = available_cpus();
  workers_.reserve(threads_count - 1);
  for (std::size_t i = 1; i < threads_count; ++i)
    workers_.emplace_back([this, i] { worker_loop(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true);
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::dispatch(Function function, void* argument) {
  if (workers_.empty()) {
    function(argument, 0);
    return;
  }
  DCHECK(pending_.load() == 0);
  function_ = function;
  argument_ = argument;
  pending_.store(workers_.size(), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_seq_cst);
  if (parked_.load(std::memory_order_seq_cst) != 0) {
    // Taking the lock orders this notification after the sleeper's last look at generation_.
    {
      const std::lock_guard lock(mutex_);
    }
    wake_.notify_all();
  }
  function(argument, 0);
  for (int spin = 0; pending_.load(std::memory_order_acquire) != 0;) {
    if (++spin < kSpins) {
      pause_cpu();
    } else {
      const std::size_t left = pending_.load(std::memory_order_acquire);
      if (left != 0) pending_.wait(left, std::memory_order_acquire);
    }
  }
}

void ThreadPool::worker_loop(std::size_t index) {
  std::uint64_t seen = 0;
  for (;;) {
    int spin = 0;
    while (generation_.load(std::memory_order_acquire) == seen) {
      if (++spin < kSpins) {
        pause_cpu();
        continue;
      }
      std::unique_lock lock(mutex_);
      parked_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, [&] { return generation_.load(std::memory_order_seq_cst) != seen; });
      parked_.fetch_sub(1, std::memory_order_seq_cst);
    }
    seen = generation_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_acquire)) return;
    function_(argument_, index);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

}  // namespace croft
