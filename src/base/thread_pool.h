#pragma once
/// A small pool for data-parallel kernels: one caller at a time, work shared by whoever is free,
/// spin briefly then park.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace croft {

/// Threads: `run` may be called by one thread at a time (the engine's owner thread). The caller
/// works too.
class ThreadPool {
 public:
  /// `threads_count` counts the caller; 0 means one per available CPU (affinity mask respected).
  explicit ThreadPool(std::size_t threads_count = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] std::size_t size() const { return workers_.size() + 1; }

  /// Calls task(0) on the caller and task(i) on every worker i that is free in time; returns when
  /// all calls that began have ended. The calls share the work through a counter of the task's own,
  /// so that a worker which the system does not run (a busy neighbour has its core) holds up
  /// nobody: its share is simply taken by the others. Tasks must not call run on the same pool, and
  /// must not throw but for std::bad_alloc, which run throws again once all calls have ended; work
  /// is then left undone.
  template <typename Task>
  void run(Task&& task) {
    auto* address = &task;
    dispatch([](void* t, std::size_t worker) { (*static_cast<decltype(address)>(t))(worker); },
             const_cast<void*>(static_cast<const void*>(address)));
  }

  /// Calls task(begin, end) on contiguous ranges that cover [0, count); their borders are multiples
  /// of `grain`.
  template <typename Task>
  void parallel_for(std::size_t count, std::size_t grain, Task&& task) {
    const std::size_t grains = (count + grain - 1) / grain;
    if (grains <= 1 || size() == 1) {
      if (count != 0) task(std::size_t{0}, count);
      return;
    }
    // A few ranges per thread even out threads of different speed.
    const std::size_t step = std::max<std::size_t>(1, grains / (size() * 4)) * grain;
    std::atomic<std::size_t> next{0};
    run([&](std::size_t) {
      for (;;) {
        const std::size_t begin = next.fetch_add(step, std::memory_order_relaxed);
        if (begin >= count) return;
        task(begin, std::min(begin + step, count));
      }
    });
  }

 private:
  using Function = void (*)(void*, std::size_t);
  void dispatch(Function function, void* argument);
  void worker_loop(std::size_t index);

  [[nodiscard]] bool join(std::uint32_t generation);
  void leave();

  std::vector<std::thread> workers_;
  void call(std::size_t worker) noexcept;

  Function function_ = nullptr;
  void* argument_ = nullptr;
  /// One word, so that joining a run is one atomic step: generation (high half), closed bit,
  /// workers inside.
  std::atomic<std::uint64_t> state_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> lacked_memory_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::size_t> parked_{0};
};

/// CPUs this process may use.
[[nodiscard]] std::size_t available_cpus();

}  // namespace croft
