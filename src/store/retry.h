#pragma once
/// When to try a request again, and how long to wait before.

#include <chrono>
#include <optional>
#include <stop_token>

#include "base/error.h"

namespace croft {

class Retry {
 public:
  Retry(int attempts_max, std::chrono::milliseconds first_wait, std::stop_token stop)
      : attempts_max_(attempts_max), first_wait_(first_wait), stop_(std::move(stop)) {}

  /// Waits before the next try: `server_wait` (Retry-After, at most 2 minutes), else 1, 2, 4 ...
  /// times the first wait, at most 30 s. Errors: `last`, after the last try; Cancelled.
  Result<void> wait(const Error& last, std::optional<std::chrono::seconds> server_wait = {});

  /// New bytes arrived: the count starts again.
  void made_progress() { attempts_ = 0; }

 private:
  int attempts_max_;
  std::chrono::milliseconds first_wait_;
  std::stop_token stop_;
  int attempts_ = 0;
};

/// The error of a pull that was stopped.
[[nodiscard]] std::unexpected<Error> pull_stopped();

}  // namespace croft
