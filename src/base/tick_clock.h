#pragma once
/// Time-outs counted in ticks that the process has lived through, so that nobody is cut off for
/// time in which we did not run: stopped by a signal, a debugger or a frozen container.

#include <chrono>
#include <cstdint>

namespace croft {

/// Threads: one.
class TickClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Ticks = std::uint64_t;

  explicit TickClock(std::chrono::milliseconds length) : length_(length) {}

  /// Begins, or begins again after a time without ticks.
  void start(Time now) { last_ = now; }

  /// To be called once per `length`. A tick that comes far too late does not count: whoever was
  /// waited for gets it again, and has had time to be heard when the next one comes. The next one
  /// counts in any case, so that a machine that is always late still sees its time-outs.
  void tick(Time now) {
    const bool late = now - last_ > 4 * length_;
    last_ = now;
    late_ = late && !late_;
    if (!late_) ++ticks_;
  }

  [[nodiscard]] Ticks now() const { return ticks_; }
  [[nodiscard]] std::chrono::milliseconds length() const { return length_; }
  /// The tick by which at least `duration` has passed, and at most two ticks more.
  [[nodiscard]] Ticks after(std::chrono::milliseconds duration) const {
    return ticks_ +
           static_cast<Ticks>((duration + length_ - std::chrono::milliseconds(1)) / length_) + 1;
  }

 private:
  std::chrono::milliseconds length_;
  Time last_{};
  Ticks ticks_ = 0;
  bool late_ = false;
};

}  // namespace croft
