#include "store/ledger/ledger_totals.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace croft {
namespace {

// 32 steps an octave; below 32 us each microsecond is a step.
constexpr int step_bits = 5;
constexpr std::uint64_t steps_an_octave = 1U << step_bits;

std::size_t step_of(std::uint64_t us) {
  if (us < steps_an_octave) return us;
  const int octave = static_cast<int>(std::bit_width(us)) - 1 - step_bits;
  return (static_cast<std::size_t>(octave) << step_bits) + static_cast<std::size_t>(us >> octave);
}

/// The middle of a step.
double us_of(std::size_t step) {
  if (step < 2 * steps_an_octave) return static_cast<double>(step);
  const std::size_t octave = (step >> step_bits) - 1;
  const double base = static_cast<double>(steps_an_octave + (step & (steps_an_octave - 1)));
  return std::ldexp(base + 0.5, static_cast<int>(octave));
}

void add_saturated(std::int64_t& sum, std::int64_t value, bool* overflowed = nullptr) {
  std::int64_t next = 0;
  if (__builtin_add_overflow(sum, value, &next)) {
    next = value > 0 ? std::numeric_limits<std::int64_t>::max()
                     : std::numeric_limits<std::int64_t>::min();
    if (overflowed != nullptr) *overflowed = true;
  }
  sum = next;
}

json::value quantile_json(const DurationCounts& counts, double share) {
  const auto us = counts.quantile_us(share);
  return us ? json::value(std::round(*us) / 1000.0) : json::value(nullptr);
}

json::object money_json(const MoneyTotal& money) {
  json::object out{{"nano", money.nano},           {"known", money.known},
                   {"estimated", money.estimated}, {"estimated_nano", money.estimated_nano},
                   {"unpriced", money.unpriced},   {"unknown", money.unknown}};
  if (money.overflowed) out["overflowed"] = true;
  return out;
}

}  // namespace

void DurationCounts::add(std::int64_t us) {
  const std::size_t step = step_of(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)));
  if (step >= steps_.size()) steps_.resize(step + 1);
  ++steps_[step];
  ++count_;
}

std::optional<double> DurationCounts::quantile_us(double share) const {
  if (count_ == 0) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    seen += steps_[step];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return us_of(step);
  }
  return us_of(steps_.size() - 1);
}

void MoneyTotal::add(const Money& money) {
  switch (money.state) {
    case MoneyState::Known:
      ++known;
      add_saturated(nano, money.nano, &overflowed);
      break;
    case MoneyState::Estimated:
      ++estimated;
      add_saturated(nano, money.nano, &overflowed);
      add_saturated(estimated_nano, money.nano, &overflowed);
      break;
    case MoneyState::Unpriced:
      ++unpriced;
      break;
    case MoneyState::Unknown:
      ++unknown;
      break;
  }
}

void LedgerTotals::add(const LedgerRow& row) {
  ++requests;
  const bool is_local = row.provider == ledger_local_provider;
  local += is_local ? 1 : 0;
  cloud += !is_local && !row.model.empty() ? 1 : 0;
  escalated += row.escalated ? 1 : 0;
  failed += row.outcome != "ok" ? 1 : 0;
  refused += row.outcome == "refused" ? 1 : 0;
  cancelled += row.outcome == "cancelled" ? 1 : 0;
  const bool counted = row.prompt_tokens && row.completion_tokens;
  tokens_unknown += !counted && !row.model.empty() ? 1 : 0;
  add_saturated(prompt_tokens, row.prompt_tokens.value_or(0));
  add_saturated(cached_tokens, row.cached_tokens.value_or(0));
  add_saturated(completion_tokens, row.completion_tokens.value_or(0));
  CostTotals& cost = costs[row.currency];
  cost.cloud.add(row.cloud_cost);
  cost.counterfactual.add(row.counterfactual_cost);
  cost.local.add(row.local_cost);
  std::int64_t saved = 0;
  const bool both = row.cloud_cost.has_amount() && row.counterfactual_cost.has_amount();
  const bool known = row.cloud_cost.state == MoneyState::Known &&
                     row.counterfactual_cost.state == MoneyState::Known;
  if (both && !__builtin_sub_overflow(row.counterfactual_cost.nano, row.cloud_cost.nano, &saved))
    cost.saved.add(known ? Money::known(saved) : Money::estimated(saved));
  else
    cost.saved.add(Money::unknown());
  const bool computed = row.energy_method != "none" || row.energy_uj.value_or(0) != 0;
  if (row.energy_uj && computed) {
    EnergyTotal& used = energy[row.energy_method];
    ++used.rows;
    add_saturated(used.uj, *row.energy_uj);
  }
  if (row.first_token_us) first_token.add(*row.first_token_us);
  if (row.total_us) total.add(*row.total_us);
}

std::string money_text(std::int64_t nano) {
  // The smallest number has no positive twin: unsigned from here on.
  const bool negative = nano < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(nano) : static_cast<std::uint64_t>(nano);
  const std::uint64_t millionths = (size + 500) / 1000;
  std::string decimals = std::to_string(millionths % 1'000'000);
  decimals.insert(0, 6 - decimals.size(), '0');
  while (decimals.size() > 2 && decimals.back() == '0') decimals.pop_back();
  return (negative && millionths != 0 ? "-" : "") + std::to_string(millionths / 1'000'000) + "." +
         decimals;
}

json::object totals_json(const LedgerTotals& totals) {
  json::array costs;
  for (const auto& [currency, cost] : totals.costs)
    costs.push_back({{"currency", currency},
                     {"cloud", money_json(cost.cloud)},
                     {"counterfactual", money_json(cost.counterfactual)},
                     {"local", money_json(cost.local)},
                     {"saved_before_local_cost", money_json(cost.saved)}});
  json::array energy;
  for (const auto& [method, used] : totals.energy)
    energy.push_back({{"method", method}, {"microjoules", used.uj}, {"requests", used.rows}});
  const auto quantiles = [](const DurationCounts& counts) {
    return json::object{{"requests", counts.count()},
                        {"p50", quantile_json(counts, 0.5)},
                        {"p95", quantile_json(counts, 0.95)},
                        {"p99", quantile_json(counts, 0.99)}};
  };
  return {{"requests", totals.requests},
          {"answered_locally", totals.local},
          {"answered_by_cloud", totals.cloud},
          {"escalated", totals.escalated},
          {"not_ok", totals.failed},
          {"refused", totals.refused},
          {"cancelled", totals.cancelled},
          {"prompt_tokens", totals.prompt_tokens},
          {"cached_tokens", totals.cached_tokens},
          {"completion_tokens", totals.completion_tokens},
          {"requests_of_unknown_tokens", totals.tokens_unknown},
          {"costs", std::move(costs)},
          {"energy", std::move(energy)},
          {"first_token_ms", quantiles(totals.first_token)},
          {"total_ms", quantiles(totals.total)}};
}

}  // namespace croft
