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
  CandidatePrice price;
  price.rates.input = TRY(rate_of(model, model.prices.in, "price_in"));
  price.rates.output = TRY(rate_of(model, model.prices.out, "price_out"));
  price.rates.cached_input = TRY(rate_of(model, model.prices.cached, "price_cached"));
  price.rates.currency = model.prices.currency;
  const std::string text =
      model.name + "\n" + price.rates.currency + "\n" + std::to_string(price.rates.input) + "\n" +
      std::to_string(*price.rates.cached_input) + "\n" + std::to_string(price.rates.output);
  price.version = "croft.toml-" + sha256_hex(std::as_bytes(std::span(text))).substr(0, 12);
  return price;
}

Result<CandidatePrice> listed_price(const PriceList& list, std::string_view provider,
                                    std::string_view model, std::uint64_t prompt_tokens) {
  const ModelPrice* price = list.find(provider, model, prompt_tokens);
  if (price == nullptr) return std::unexpected(list.why_unpriced(provider, model, prompt_tokens));
  return CandidatePrice{.rates = price->rates, .version = list.version()};
}

}  // namespace croft
