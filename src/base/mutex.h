#pragma once
/// A mutex that clang's thread-safety analysis understands: members marked GUARDED_BY(mutex_)
/// cannot be touched without it (-Wthread-safety is an error in clang builds).

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CROFT_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CROFT_THREAD_ATTRIBUTE(x)
#endif
#define GUARDED_BY(mutex) CROFT_THREAD_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES(mutex) CROFT_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace croft {

class CROFT_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() CROFT_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() CROFT_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; a condition variable may wait on it.
class CROFT_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CROFT_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() CROFT_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  /// Releases while waiting, holds again on return. Callers loop on their condition.
  void wait(std::condition_variable_any& condition) { condition.wait(mutex_); }
  /// False when the time has come before a notification.
  bool wait_until(std::condition_variable_any& condition,
                  std::chrono::steady_clock::time_point time) {
    return condition.wait_until(mutex_, time) == std::cv_status::no_timeout;
  }

 private:
  Mutex& mutex_;
};

}  // namespace croft
