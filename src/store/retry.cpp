#include "store/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

namespace croft {

std::unexpected<Error> pull_stopped() {
  return fail(ErrorCode::Cancelled, "the pull was stopped",
              "What has arrived is kept: the next pull goes on from there.");
}

Result<void> Retry::wait(const Error& last, std::optional<std::chrono::seconds> server_wait) {
  using std::chrono::milliseconds;
  if (stop_.stop_requested()) return pull_stopped();
  if (++attempts_ >= attempts_max_) {
    Error error = last;
    error.message += " (tried " + std::to_string(attempts_) + " times)";
    return std::unexpected(std::move(error));
  }
  const int doublings = std::min(attempts_ - 1, 16);
  milliseconds pause =
      std::min<milliseconds>(first_wait_ * (1 << doublings), std::chrono::seconds(30));
  if (server_wait) pause = std::min<milliseconds>(*server_wait, std::chrono::minutes(2));
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never_notified;  // woken by the stop token only
  never_notified.wait_for(lock, stop_, pause, [] { return false; });
  if (stop_.stop_requested()) return pull_stopped();
  return {};
}

}  // namespace croft
