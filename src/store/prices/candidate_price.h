#pragma once
/// What a model of croft.toml costs. Its own price_in, price_out and price_cached win over every
/// list: they are what this customer agreed with the provider. `free = true` and local models are
/// priced at 0 by their owner's word; everything else is in the list, or is unpriced.

#include <string>

#include "base/error.h"
#include "router/policy/router_config.h"
#include "store/prices/price_list.h"

namespace croft {

struct CandidatePrice {
  TokenRates rates;
  /// What a ledger row says it was computed with: a list's version, or "croft.toml-" and 12
  /// hexadecimal digits of the SHA-256 of the model's name and rates.
  std::string version;
};

/// Rates of the configuration as nano-units. Errors: InvalidArgument (more than nine decimals, or
/// above a million per million tokens); Forbidden (`price = "unknown"`).
Result<CandidatePrice> configured_price(const CandidateModel& model);

/// What `price = "PROVIDER/MODEL"` (or a model alone) of croft.toml stands for. Errors: as
/// PriceList::why_unpriced(); Unsupported (a price that depends on the length of the prompt).
Result<TokenPrices> prices_from_list(const PriceList& list, std::string_view name);

/// Errors: Forbidden, as PriceList::why_unpriced().
Result<CandidatePrice> listed_price(const PriceList& list, std::string_view provider,
                                    std::string_view model, std::uint64_t prompt_tokens);

}  // namespace croft
