#pragma once
/// What a request's tokens cost, exactly.

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "router/dialects/chat_exchange.h"
#include "store/prices/price_list.h"

namespace croft {

/// Tokens by what is charged for them: each token is in one of the four.
struct BilledTokens {
  std::uint64_t input = 0;         ///< of the prompt: neither read from a cache nor written to one
  std::uint64_t cached_input = 0;  ///< of the prompt: read from a cache
  std::uint64_t cache_write = 0;   ///< of the prompt: written to a cache
  std::uint64_t output = 0;        ///< thinking included

  [[nodiscard]] std::uint64_t prompt() const { return input + cached_input + cache_write; }
  friend bool operator==(const BilledTokens&, const BilledTokens&) = default;
};

/// From what an upstream said. None where it did not tell the prompt or the answer: unknown is not
/// 0. Errors: InvalidArgument where the numbers contradict each other (negative; more cached than
/// there are).
Result<std::optional<BilledTokens>> billed_tokens(const dialects::Usage& usage);

/// Nano-units.
struct TokenCost {
  std::int64_t input = 0;
  std::int64_t cached_input = 0;
  std::int64_t cache_write = 0;
  std::int64_t output = 0;
  std::int64_t total = 0;  ///< the sum of the four

  friend bool operator==(const TokenCost&, const TokenCost&) = default;
};

/// Each part is tokens times rate over a million, rounded to the nearest nano-unit, a half away
/// from zero; the total is the sum of the rounded parts, so that a row adds up.
/// Errors: TooLarge where a part or the total does not fit.
Result<TokenCost> cost_of(const BilledTokens& tokens, const TokenRates& rates);

/// The most that a request can cost: every token of the prompt at the dearest of its rates.
/// Errors: as cost_of().
Result<std::int64_t> worst_case_cost(std::uint64_t prompt_tokens, std::uint64_t output_tokens,
                                     const TokenRates& rates);

}  // namespace croft
