#pragma once
/// Watches whether a promise still holds: a sequential test over shadow samples that may be looked
/// at after every one.
///
/// A gambler bets that the mean loss is above alpha. While it is not, the bets are fair at best, so
/// that the wealth reaches 1 / delta with probability at most delta, ever (Ville's inequality).
/// Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
/// arXiv:2010.09686; the mixture over starting times keeps stakes for a drift that begins late.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mutex.h"

namespace croft {

struct DriftOptions {
  double max_worse = 0.05;  ///< alpha: mean loss that the promise allows, above 0 and below 1
  double delta = 0.05;      ///< chance of ever raising a false alarm, above 0 and below 1
};

struct DriftState {
  double wealth = 1.0;  ///< alarm at 1 / delta
  std::uint64_t updates = 0;
  double loss_sum = 0.0;
  bool alarmed = false;  ///< stays, whatever comes after
};

/// Safe from any thread. An update is some 20 multiplications and allocates nothing.
class DriftMonitor {
 public:
  /// Errors: InvalidArgument (an option out of range).
  static Result<DriftMonitor> create(const DriftOptions& options);
  /// From state_json(). Errors: Corrupt (no state, or one that no updates lead to);
  /// InvalidArgument (of a monitor with other options: its promise is not this one).
  static Result<DriftMonitor> restore(const DriftOptions& options, std::string_view json_text);

  /// Moves before it is shared; not safe beside other calls.
  DriftMonitor(DriftMonitor&& other) noexcept;

  /// One shadow sample: what serving the local answer cost, 0 to 1. NaN and values outside are
  /// refused: InvalidArgument, and the state stays.
  Result<DriftState> update(double loss);
  [[nodiscard]] DriftState state() const;
  [[nodiscard]] const DriftOptions& options() const { return options_; }
  [[nodiscard]] std::string state_json() const;

 private:
  static constexpr std::size_t bets_max = 6;
  explicit DriftMonitor(const DriftOptions& options);
  [[nodiscard]] double wealth() const REQUIRES(mutex_);

  DriftOptions options_;
  /// Stake per unit of (loss - alpha); below 1 / alpha, so that no loss of a bet takes all.
  std::array<double, bets_max> stakes_{};
  std::size_t bet_count_ = 0;
  mutable Mutex mutex_;
  /// Money at work per bet, each started with an equal share of one; the rest is in reserve.
  std::array<double, bets_max> money_ GUARDED_BY(mutex_){};
  DriftState state_ GUARDED_BY(mutex_);
};

}  // namespace croft
