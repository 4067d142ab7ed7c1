#pragma once
/// From logits to the next token.

#include <cstdint>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "engine/request.h"
#include "engine/token_weights.h"

namespace croft {

/// Range-checks every number (NaN included). Errors: InvalidArgument with the field named.
Result<void> validate(const SamplingOptions& options, std::size_t vocabulary_size);

/// Whether no logit is infinite or NaN: the weights of a damaged file give such values, and no
/// token can be drawn from them.
[[nodiscard]] bool all_finite(std::span<const float> logits);
/// The first of the largest. Requires: not empty, all_finite(logits).
[[nodiscard]] std::size_t index_of_largest(std::span<const float> logits);
/// The error that ends a request whose values are not all finite.
[[nodiscard]] Error not_numbers();

/// One per sequence. The same options and the same calls give the same tokens on every machine
/// whose logits agree.
class Sampler {
 public:
  /// `prompt`: repetition_penalty also counts these tokens.
  Sampler(const SamplingOptions& options, std::span<const TokenId> prompt);

  /// Picks the next token and remembers it for the penalties. `logits` is scratch: changed on
  /// return. Requires: all_finite(logits).
  TokenId pick(std::span<float> logits);

 private:
  void apply_penalties(std::span<float> logits) const;
  TokenId draw(std::span<const float> logits);
  double uniform();

  struct Candidate {
    float value;
    TokenId id;
  };
  /// Candidates become the tokens whose weight reaches `bound`.
  void gather(float bound);
  /// Candidates become what top-k, then top-p, then min-p leave.
  void truncate();

  SamplingOptions options_;
  std::unordered_map<TokenId, int> generated_;  ///< how often each token was picked
  std::unordered_map<TokenId, int>
      seen_;  ///< in prompt or generated; only kept for repetition_penalty
  std::mt19937_64 random_;
  TokenWeights weights_;
  std::vector<Candidate> candidates_;
};

/// Log-probability of `id` and of the `top` best tokens, from the model's own distribution.
[[nodiscard]] TokenLogprob token_logprob(std::span<const float> logits, TokenId id,
                                         std::size_t top);

}  // namespace croft
