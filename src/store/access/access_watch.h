#pragma once
/// Keeps a running server's directory of keys up to date: one thread that looks once a second
/// whether anything changed, so that a key that is blocked stops working without a restart. While
/// the database is away the last directory stays in use.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "store/access/access_directory.h"
#include "store/database/database.h"

namespace croft {

class AccessWatch {
 public:
  using OnChange = std::function<void(std::shared_ptr<const AccessDirectory>)>;
  /// Makes the tables, loads the first directory and calls `on_change` with it, then from its own
  /// thread with each later one. Errors: as the database.
  static Result<std::unique_ptr<AccessWatch>> start(
      Database database, OnChange on_change,
      std::chrono::milliseconds every = std::chrono::seconds(1));
  ~AccessWatch();
  AccessWatch(const AccessWatch&) = delete;
  AccessWatch& operator=(const AccessWatch&) = delete;

 private:
  AccessWatch(Database database, OnChange on_change, std::chrono::milliseconds every);
  void run();
  Result<void> look(AccessStore& store);

  Database database_;
  const OnChange on_change_;
  const std::chrono::milliseconds every_;
  std::int64_t generation_ = 0;  ///< the thread's own, once it runs
  Mutex mutex_;
  std::condition_variable_any wake_;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace croft
