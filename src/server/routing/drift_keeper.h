#pragma once
/// Keeps drift watches on disk, off the threads that answer: an alarm at once, other changes every
/// few seconds, the last ones at the end.

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "router/confidence/drift_file.h"

namespace croft {

/// One route's watch and where it is kept.
struct DriftWatch {
  DriftMonitor monitor;
  DriftOwner owner;
  std::filesystem::path file;
};

/// Safe from any thread.
class DriftKeeper {
 public:
  explicit DriftKeeper(std::chrono::milliseconds write_every = std::chrono::seconds(10))
      : write_every_(write_every) {}
  ~DriftKeeper() { close(); }
  DriftKeeper(const DriftKeeper&) = delete;
  DriftKeeper& operator=(const DriftKeeper&) = delete;

  /// Writes it soon, or, with an alarm, now; returns at once. A file that cannot be written is
  /// said once in the log, and tried again with the next change.
  void changed(std::shared_ptr<DriftWatch> watch);
  /// Writes what is not written yet. What changes afterwards is not kept.
  void close();

 private:
  void run();
  /// What is to be written now; waits for it. Nothing: it is the end.
  std::vector<std::shared_ptr<DriftWatch>> next_writes();
  void write(const DriftWatch& watch);

  const std::chrono::milliseconds write_every_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::shared_ptr<DriftWatch>> changed_ GUARDED_BY(mutex_);
  bool urgent_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);         ///< begins with the first change
  std::chrono::steady_clock::time_point next_{};  ///< the thread's own
  bool told_ = false;                             ///< likewise: of a file that cannot be written
};

}  // namespace croft
