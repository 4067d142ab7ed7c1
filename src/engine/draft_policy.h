#pragma once
/// How many tokens a draft model should guess for a sequence: as many as pay for themselves.

#include <cstddef>

namespace croft {

/// One per sequence. Pure arithmetic, no clocks.
class DraftPolicy {
 public:
  /// `cost`: of one token of the draft model, in steps of the large one. 0 where guesses do not
  /// pay.
  [[nodiscard]] std::size_t wanted(double cost, std::size_t count_max) const;
  /// The outcome, for every token that is generated: of `proposed` guesses the first `held` were
  /// drawn; 0 and 0 where nothing was guessed.
  void learn(std::size_t proposed, std::size_t held);
  /// Of the guesses so far, how many were drawn where all before them were.
  [[nodiscard]] double acceptance() const { return acceptance_; }

 private:
  double acceptance_ = 0.75;  ///< moving average
  std::size_t pause_ = 0;     ///< tokens until guessing is tried again
  std::size_t pause_next_ = 32;
};

}  // namespace croft
