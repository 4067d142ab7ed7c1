#include "store/prices/whatif.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/checked.h"
#include "store/prices/money.h"

namespace croft {
namespace {

constexpr double seconds_per_day = 86'400.0;
constexpr double seconds_per_year = 365.25 * seconds_per_day;
constexpr double watt_seconds_per_kwh = 3.6e6;

Result<void> check(double value, double min, double max, const char* field) {
  if (value >= min && value <= max) return {};  // NaN is neither
  const auto shown = [](double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  };
  return fail(ErrorCode::InvalidArgument,
              std::string(field) + " must be " + shown(min) + " to " + shown(max), {}, field);
}

Result<void> check(const WhatifQuestion& question) {
  const WhatifMachine& machine = question.machine;
  TRY(check(question.local_share, 0.0, 1.0, "local-share"));
  TRY(check(question.tried_share, 0.0, 1.0, "tried-share"));
  TRY(check(question.days, 0.0, 36'525.0, "days"));
  TRY(check(machine.price, 0.0, 1e9, "machine-price"));
  TRY(check(machine.years, 0.1, 100.0, "years"));
  TRY(check(machine.utilisation, 1e-6, 1.0, "utilisation"));
  TRY(check(machine.watts_busy, 0.0, 1e6, "watts"));
  TRY(check(machine.watts_idle, 0.0, 1e6, "watts-idle"));
  TRY(check(machine.kwh_price, 0.0, 1000.0, "kwh-price"));
  TRY(check(machine.prompt_rate, 1e-3, 1e9, "prompt-rate"));
  TRY(check(machine.answer_rate, 1e-3, 1e9, "answer-rate"));
  if (question.tried_share < question.local_share)
    return fail(ErrorCode::InvalidArgument,
                "tried-share is below local-share: what is answered locally was tried there", {},
                "tried-share");
  const WhatifWork& work = question.work;
  if (work.requests == 0)
    return fail(ErrorCode::InvalidArgument, "there are no requests to compute with");
  if (work.unpriced != 0)
    return fail(ErrorCode::InvalidArgument,
                std::to_string(work.unpriced) + " of " + std::to_string(work.requests) +
                    " requests have no price, and an unknown price is not 0: " + work.why_unpriced);
  if (work.cloud_nano <= 0)
    return fail(ErrorCode::InvalidArgument,
                "these requests cost nothing in the cloud: there is nothing to save");
  return {};
}

/// Prompts that a cloud's cache has are computed here too, at the first request at least; counting
/// them all errs on the dear side.
double busy_seconds(const WhatifQuestion& question) {
  return static_cast<double>(question.work.tokens.prompt()) / question.machine.prompt_rate +
         static_cast<double>(question.work.tokens.output) / question.machine.answer_rate;
}

struct LocalCost {
  double hardware = 0.0;
  double power = 0.0;
  double kwh = 0.0;
  double machines = 0.0;
  double utilisation = 0.0;
};

/// Of `busy` seconds of computing.
Result<LocalCost> local_cost(const WhatifQuestion& question, double busy) {
  const WhatifMachine& machine = question.machine;
  LocalCost cost;
  double owned_seconds = busy / machine.utilisation;  // what one busy second carries of idle ones
  cost.utilisation = machine.utilisation;
  if (question.days > 0) {
    const double period = question.days * seconds_per_day;
    cost.machines = busy == 0 ? 0.0 : std::ceil(busy / (period * machine.utilisation));
    if (cost.machines > 1e6)
      return fail(ErrorCode::InvalidArgument, "this work needs more than a million such machines",
                  "Check prompt-rate and answer-rate", "answer-rate");
    owned_seconds = cost.machines * period;
    cost.utilisation = owned_seconds == 0 ? 0.0 : busy / owned_seconds;
  }
  cost.hardware = machine.price * owned_seconds / (machine.years * seconds_per_year);
  cost.kwh = (machine.watts_busy * busy + machine.watts_idle * (owned_seconds - busy)) /
             watt_seconds_per_kwh;
  cost.power = cost.kwh * machine.kwh_price;
  return cost;
}

}  // namespace

Result<void> WhatifWork::add(const BilledTokens& of_all, std::uint64_t count, const PriceList& list,
                             std::string_view provider, std::string_view model) {
  if (count == 0) return {};
  const auto sum = [](std::uint64_t& into, std::uint64_t more) -> Result<void> {
    const auto total = checked_add(into, more);
    if (!total) return fail(ErrorCode::TooLarge, "there are more tokens than can be counted");
    into = *total;
    return {};
  };
  TRY(sum(requests, count));
  TRY(sum(tokens.input, of_all.input));
  TRY(sum(tokens.cached_input, of_all.cached_input));
  TRY(sum(tokens.cache_write, of_all.cache_write));
  TRY(sum(tokens.output, of_all.output));
  const std::uint64_t prompt = of_all.prompt() / count;
  const ModelPrice* price = list.find(provider, model, prompt);
  if (price == nullptr) {
    if (unpriced == 0) why_unpriced = list.why_unpriced(provider, model, prompt).to_string();
    unpriced += count;
    return {};
  }
  if (!currency.empty() && currency != price->rates.currency)
    return fail(ErrorCode::InvalidArgument,
                "the prices are in " + currency + " and in " + price->rates.currency,
                "Compute them one after the other");
  currency = price->rates.currency;
  price_version = list.version();
  cloud_model = price->provider + " " + price->model;
  const TokenCost cost = TRY(cost_of(of_all, price->rates));
  const auto total = checked_add(cloud_nano, cost.total);
  if (!total) return fail(ErrorCode::TooLarge, "the costs are more than can be counted");
  cloud_nano = *total;
  return {};
}

Result<WhatifAnswer> whatif(const WhatifQuestion& question) {
  TRY(check(question));
  WhatifAnswer answer;
  answer.cloud_all =
      static_cast<double>(question.work.cloud_nano) / static_cast<double>(nano_per_unit);
  const double busy_all = busy_seconds(question);
  const LocalCost all = TRY(local_cost(question, busy_all));
  answer.local_all = all.hardware + all.power;
  answer.local_per_cloud = answer.local_all / answer.cloud_all;
  answer.busy_seconds = busy_all * question.tried_share;
  const LocalCost part = TRY(local_cost(question, answer.busy_seconds));
  answer.hardware = part.hardware;
  answer.power = part.power;
  answer.kwh = part.kwh;
  answer.machines = part.machines;
  answer.utilisation = part.utilisation;
  answer.local_part = part.hardware + part.power;
  answer.cloud_part = answer.cloud_all * (1.0 - question.local_share);
  return answer;
}

}  // namespace croft
