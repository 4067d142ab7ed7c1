#pragma once
/// Ctrl-C and SIGTERM: the first asks what is running to stop, the second ends the process with
/// exit code 130.

#include <memory>
#include <stop_token>

namespace croft::cli {

/// One at a time. While it lives, SIGINT and SIGTERM do not kill; a blocking read at a prompt
/// returns with EINTR.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// A token for the next piece of work. Signals that came before are forgotten.
  [[nodiscard]] std::stop_token begin();
  /// Signals since the last begin().
  [[nodiscard]] int count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr int exit_interrupted = 130;  // 128 + SIGINT

}  // namespace croft::cli
