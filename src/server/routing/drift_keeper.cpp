#include "server/routing/drift_keeper.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "io/atomic_file.h"

namespace croft {

void DriftKeeper::changed(std::shared_ptr<DriftWatch> watch) {
  const MutexLock lock(mutex_);
  if (closing_) return;
  urgent_ = urgent_ || watch->monitor.state().alarmed;
  if (std::ranges::find(changed_, watch) == changed_.end()) changed_.push_back(std::move(watch));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake_.notify_one();
}

void DriftKeeper::close() {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    thread = std::exchange(thread_, {});
    wake_.notify_one();
  }
  if (thread.joinable()) thread.join();
}

std::vector<std::shared_ptr<DriftWatch>> DriftKeeper::next_writes() {
  MutexLock lock(mutex_);
  while (!closing_ && !urgent_ && (changed_.empty() || std::chrono::steady_clock::now() < next_)) {
    if (changed_.empty())
      lock.wait(wake_);
    else
      lock.wait_until(wake_, next_);
  }
  urgent_ = false;
  return std::exchange(changed_, {});
}

void DriftKeeper::run() {
  while (true) {
    const auto writes = next_writes();
    if (writes.empty()) return;  // only the end has nothing to write
    next_ = std::chrono::steady_clock::now() + write_every_;
    for (const auto& watch : writes) write(*watch);
  }
}

void DriftKeeper::write(const DriftWatch& watch) {
  // Another server may share the file, or have had it before: an alarm is never taken back.
  if (!watch.monitor.state().alarmed) {
    const auto there = load_drift_file(watch.file, watch.owner, watch.monitor.options());
    if (there && *there && (*there)->state().alarmed) return;
  }
  const Result<void> written =
      write_file_atomically(watch.file, drift_file_text(watch.owner, watch.monitor));
  if (!written && !std::exchange(told_, true))
    log_warning(
        "route " + watch.owner.route +
        ": its drift watch is not kept, a restart begins it anew: " + written.error().to_string());
  if (written) told_ = false;
}

}  // namespace croft
