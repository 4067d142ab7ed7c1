#include "store/prices/token_cost.h"

#include <algorithm>
#include <limits>

#include "base/checked.h"

namespace croft {
namespace {

constexpr std::int64_t tokens_per_rate = 1'000'000;

Result<std::int64_t> part(std::uint64_t tokens, std::int64_t rate) {
  // 64 by 63 bits fit 128 with a bit to spare for the half.
  const auto product =
      static_cast<unsigned __int128>(tokens) * static_cast<unsigned __int128>(rate);
  const auto nano = (product + tokens_per_rate / 2) / tokens_per_rate;
  if (nano > static_cast<unsigned __int128>(std::numeric_limits<std::int64_t>::max()))
    return fail(ErrorCode::TooLarge,
                "the cost of " + std::to_string(tokens) + " tokens is more than can be counted");
  return static_cast<std::int64_t>(nano);
}

}  // namespace

Result<std::optional<BilledTokens>> billed_tokens(const dialects::Usage& usage) {
  if (!usage.prompt_tokens || !usage.completion_tokens) return std::optional<BilledTokens>{};
  const std::int64_t cached = usage.cached_tokens.value_or(0);
  const std::int64_t written = usage.cache_write_tokens.value_or(0);
  const auto of_prompt = checked_add(cached, written);
  const bool sound = *usage.prompt_tokens >= 0 && *usage.completion_tokens >= 0 && cached >= 0 &&
                     written >= 0 && of_prompt && *of_prompt <= *usage.prompt_tokens;
  if (!sound)
    return fail(ErrorCode::InvalidArgument,
                "the upstream's token counts contradict each other: prompt " +
                    std::to_string(*usage.prompt_tokens) + ", cached " + std::to_string(cached) +
                    ", written to a cache " + std::to_string(written) + ", answer " +
                    std::to_string(*usage.completion_tokens));
  return std::optional<BilledTokens>(
      BilledTokens{.input = static_cast<std::uint64_t>(*usage.prompt_tokens - *of_prompt),
                   .cached_input = static_cast<std::uint64_t>(cached),
                   .cache_write = static_cast<std::uint64_t>(written),
                   .output = static_cast<std::uint64_t>(*usage.completion_tokens)});
}

Result<TokenCost> cost_of(const BilledTokens& tokens, const TokenRates& rates) {
  TokenCost cost;
  cost.input = TRY(part(tokens.input, rates.input));
  cost.cached_input = TRY(part(tokens.cached_input, rates.cached_input.value_or(rates.input)));
  cost.cache_write = TRY(part(tokens.cache_write, rates.cache_write.value_or(rates.input)));
  cost.output = TRY(part(tokens.output, rates.output));
  for (const std::int64_t each : {cost.input, cost.cached_input, cost.cache_write, cost.output}) {
    const auto sum = checked_add(cost.total, each);
    if (!sum)
      return fail(ErrorCode::TooLarge, "the cost of the request is more than can be counted");
    cost.total = *sum;
  }
  return cost;
}

Result<std::int64_t> worst_case_cost(std::uint64_t prompt_tokens, std::uint64_t output_tokens,
                                     const TokenRates& rates) {
  TokenRates dearest = rates;
  dearest.input = std::max({rates.input, rates.cached_input.value_or(rates.input),
                            rates.cache_write.value_or(rates.input)});
  const TokenCost cost = TRY(cost_of({.input = prompt_tokens, .output = output_tokens}, dearest));
  // A real request's prompt may be split into three parts, each rounded up by half a nano-unit.
  const auto with_rounding = checked_add<std::int64_t>(cost.total, 2);
  if (!with_rounding)
    return fail(ErrorCode::TooLarge, "the cost of the request is more than can be counted");
  return *with_rounding;
}

}  // namespace croft
