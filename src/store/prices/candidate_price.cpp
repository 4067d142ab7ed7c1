#include "store/prices/candidate_price.h"

#include <span>

#include "io/sha256.h"
#include "store/prices/money.h"

namespace croft {
namespace {

Result<std::int64_t> rate_of(const CandidateModel& model, double units, const char* key) {
  const auto nano = nano_from(units);
  if (nano && *nano >= 0 && units <= 1e6) return *nano;
  return fail(ErrorCode::InvalidArgument,
              "the " + std::string(key) + " of model " + model.name +
                  " must be 0 to 1,000,000 with at most nine decimals",
              model.place, key);
}

}  // namespace

Result<CandidatePrice> configured_price(const CandidateModel& model) {
  if (model.prices.unpriced)
    return fail(
        ErrorCode::Forbidden,
        "the model " + model.name + " is unpriced, and a budget cannot be held against it",
        "Give it a price in croft.toml (" + model.place + "), or use a key without a budget",
        "model");
  CandidatePrice price;
  price.rates.input = TRY(rate_of(model, model.prices.in, "price_in"));
  price.rates.output = TRY(rate_of(model, model.prices.out, "price_out"));
  price.rates.cached_input = TRY(rate_of(model, model.prices.cached, "price_cached"));
  if (model.prices.cache_write)
    price.rates.cache_write = TRY(rate_of(model, *model.prices.cache_write, "price_cache_write"));
  price.rates.currency = model.prices.currency;
  if (!model.prices.version.empty()) {
    price.version = model.prices.version;
    return price;
  }
  const std::string text =
      model.name + "\n" + price.rates.currency + "\n" + std::to_string(price.rates.input) + "\n" +
      std::to_string(*price.rates.cached_input) + "\n" + std::to_string(price.rates.output) +
      (price.rates.cache_write ? "\n" + std::to_string(*price.rates.cache_write) : "");
  price.version = "croft.toml-" + sha256_hex(std::as_bytes(std::span(text))).substr(0, 12);
  return price;
}

Result<TokenPrices> prices_from_list(const PriceList& list, std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view provider =
      slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
  const std::string_view model = slash == std::string_view::npos ? name : name.substr(slash + 1);
  const ModelPrice* price = list.find(provider, model, 0);
  if (price == nullptr) return std::unexpected(list.why_unpriced(provider, model, 0));
  if (price->prompt_tokens_max)
    return fail(ErrorCode::Unsupported,
                "the price of " + std::string(name) + " depends on the length of the prompt",
                "Give price_in and price_out of the lengths that you send");
  const auto units = [](std::int64_t nano) { return static_cast<double>(nano) / 1e9; };
  const TokenRates& rates = price->rates;
  TokenPrices out;
  out.in = units(rates.input);
  out.out = units(rates.output);
  out.cached = units(rates.cached_input.value_or(rates.input));
  if (rates.cache_write) out.cache_write = units(*rates.cache_write);
  out.currency = rates.currency;
  out.version = list.version();
  return out;
}

Result<CandidatePrice> listed_price(const PriceList& list, std::string_view provider,
                                    std::string_view model, std::uint64_t prompt_tokens) {
  const ModelPrice* price = list.find(provider, model, prompt_tokens);
  if (price == nullptr) return std::unexpected(list.why_unpriced(provider, model, prompt_tokens));
  return CandidatePrice{.rates = price->rates, .version = list.version()};
}

}  // namespace croft
