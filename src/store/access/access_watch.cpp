#include "store/access/access_watch.h"

#include <utility>

#include "base/log.h"

namespace croft {

AccessWatch::AccessWatch(Database database, OnChange on_change, std::chrono::milliseconds every)
    : database_(std::move(database)), on_change_(std::move(on_change)), every_(every) {}

Result<std::unique_ptr<AccessWatch>> AccessWatch::start(Database database, OnChange on_change,
                                                        std::chrono::milliseconds every) {
  std::unique_ptr<AccessWatch> watch(
      new AccessWatch(std::move(database), std::move(on_change), every));
  AccessStore store = TRY(AccessStore::open(watch->database_));
  TRY(watch->look(store));
  watch->thread_ = std::thread([&self = *watch] { self.run(); });
  return watch;
}

AccessWatch::~AccessWatch() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

Result<void> AccessWatch::look(AccessStore& store) {
  const std::int64_t now = TRY(store.generation());
  if (now == generation_) return {};
  std::shared_ptr<const AccessDirectory> directory = TRY(AccessDirectory::load(store));
  generation_ = directory->generation();
  on_change_(std::move(directory));
  return {};
}

void AccessWatch::run() {
  bool failing = false;
  Result<AccessStore> store = AccessStore::open(database_);
  for (;;) {
    {
      MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + every_;
      while (!ending_ && std::chrono::steady_clock::now() < until) lock.wait_until(wake_, until);
      if (ending_) return;
    }
    if (!store) store = AccessStore::open(database_);
    const Result<void> looked = store ? look(*store) : std::unexpected(store.error());
    if (!looked && !failing)
      log_error("keys cannot be read, the last ones stay in use: " + looked.error().to_string());
    if (looked && failing) log_info("keys are read again");
    failing = !looked;
  }
}

}  // namespace croft
