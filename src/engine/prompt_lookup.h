#pragma once
/// Guesses of what a model will say next, from what already stands in its context: extraction,
/// corrections and code repeat their prompt.
///
/// A guess is only ever checked, never believed: the model computes the guessed tokens beside its
/// next one, draws from its own distribution at each, and the guesses up to the first that was not
/// drawn have saved their steps. What is generated is the same, token by token, with and without.

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "text/tokenizer.h"

namespace croft {

/// One per sequence.
class PromptLookup {
 public:
  /// What followed the last three tokens where they stood before (the last two, if three are
  /// unheard of), at most `count_max` tokens. `tokens` only ever grows between calls.
  std::span<const TokenId> propose(std::span<const TokenId> tokens, std::size_t count_max);

  /// How many guesses are worth their cost now. A guess costs a row in a step that reads all
  /// weights anyway: where few hold, none is made for a while.
  [[nodiscard]] std::size_t wanted() const;
  /// The outcome: of `proposed` guesses the first `held` were drawn. Called for every token that
  /// is generated, with 0 and 0 where nothing was proposed.
  void learn(std::size_t proposed, std::size_t held);

 private:
  void index(std::span<const TokenId> tokens);

  std::unordered_map<std::uint64_t, std::uint32_t> after_three_;
  std::unordered_map<std::uint64_t, std::uint32_t> after_two_;
  std::size_t indexed_ = 0;  ///< tokens whose followers are known
  double held_share_ = 0.5;  ///< moving average
  std::size_t pause_ = 0;    ///< tokens until guessing is tried again
  std::size_t pause_next_ = 16;
};

}  // namespace croft
