#pragma once
/// A small pool for data-parallel kernels: one caller at a time, static partition, spin briefly
/// then park.

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

  /// Calls task(worker) once for every worker in [0, size()); returns when all have finished.
  /// Tasks must not throw and must not call run on the same pool.
  template <typename Task>
  void run(Task&& task) {
    auto* address = &task;
    dispatch([](void* t, std::size_t worker) { (*static_cast<decltype(address)>(t))(worker); },
             const_cast<void*>(static_cast<const void*>(address)));
  }

  /// Splits [0, count) into size() contiguous ranges whose borders are multiples of `grain`
  /// and calls task(begin, end) on each that is not empty.
  template <typename Task>
  void parallel_for(std::size_t count, std::size_t grain, Task&& task) {
    const std::size_t grains = (count + grain - 1) / grain;
    if (grains <= 1 || size() == 1) {
      if (count != 0) task(std::size_t{0}, count);
      return;
    }
    const std::size_t parts = size();
    run([&](std::size_t worker) {
      const std::size_t begin = grains * worker / parts * grain;
      const std::size_t end_grain = grains * (worker + 1) / parts * grain;
      const std::size_t end = end_grain < count ? end_grain : count;
      if (begin < end) task(begin, end);
    });
  }

 private:
  using Function = void (*)(void*, std::size_t);
  void dispatch(Function function, void* argument);
  void worker_loop(std::size_t index);

  std::vector<std::thread> workers_;
  Function function_ = nullptr;
  void* argument_ = nullptr;
  std::atomic<std::uint64_t> generation_{0};  ///< bumped once per run; workers wait for a change
  std::atomic<std::size_t> pending_{0};       ///< workers that have not finished the current run
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::size_t> parked_{0};
};

/// CPUs this process may use.
[[nodiscard]] std::size_t available_cpus();

}  // namespace croft
