#pragma once
/// SIGHUP: read the configuration again.

#include <functional>
#include <memory>

namespace croft::cli {

/// While it lives, SIGHUP calls `on_reload` on a thread of its own, one call after the other;
/// signals that arrive during a call become one more. Make it before other threads: they inherit
/// that the signal is not theirs. One at a time.
class ReloadSignal {
 public:
  explicit ReloadSignal(std::function<void()> on_reload);
  ~ReloadSignal();
  ReloadSignal(const ReloadSignal&) = delete;
  ReloadSignal& operator=(const ReloadSignal&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace croft::cli
