#include "server/accounting/account_row.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "router/trace/route_trace.h"
#include "server/limits/access_control.h"
#include "store/prices/candidate_price.h"
#include "store/prices/token_cost.h"

namespace croft {
namespace {

constexpr double seconds_an_hour = 3600.0;
constexpr double joules_a_kwh = 3.6e6;

std::int64_t microseconds(double seconds) {
  return static_cast<std::int64_t>(std::llround(seconds * 1e6));
}

std::optional<std::int64_t> count(std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

/// The worse of two: one unpriced part makes a sum unpriced, one unknown part unknown.
Money sum(Money a, Money b) {
  if (a.state == MoneyState::Unpriced || b.state == MoneyState::Unpriced) return Money::unpriced();
  if (a.state == MoneyState::Unknown || b.state == MoneyState::Unknown) return Money::unknown();
  std::int64_t nano = 0;
  if (__builtin_add_overflow(a.nano, b.nano, &nano)) return Money::unknown();
  const bool known = a.state == MoneyState::Known && b.state == MoneyState::Known;
  return known ? Money::known(nano) : Money::estimated(nano);
}

Money price(const BilledTokens& tokens, const TokenRates& rates) {
  const Result<TokenCost> cost = cost_of(tokens, rates);
  return cost ? Money::known(cost->total) : Money::unknown();
}

std::optional<BilledTokens> billed(const AttemptTrace& attempt) {
  if (!attempt.prompt_tokens || !attempt.completion_tokens) return std::nullopt;
  const std::uint64_t cached = std::min(attempt.cached_tokens.value_or(0), *attempt.prompt_tokens);
  const std::uint64_t written =
      std::min(attempt.cache_write_tokens.value_or(0), *attempt.prompt_tokens - cached);
  return BilledTokens{.input = *attempt.prompt_tokens - cached - written,
                      .cached_input = cached,
                      .cache_write = written,
                      .output = *attempt.completion_tokens};
}

/// The price of an attempt as the configuration had it when it began, with a name.
std::optional<CandidatePrice> price_of(const AttemptTrace& attempt) {
  if (!attempt.price) return std::nullopt;
  CandidateModel model;
  model.name = attempt.model;
  model.prices = {.in = attempt.price->prompt,
                  .out = attempt.price->completion,
                  .cached = attempt.price->cached_prompt.value_or(attempt.price->prompt),
                  .cache_write = attempt.price->cache_write,
                  .currency = attempt.price->currency,
                  .version = attempt.price->version};
  Result<CandidatePrice> price = configured_price(model);
  if (!price) return std::nullopt;
  return *std::move(price);
}

bool is_ours(const AttemptTrace& attempt) {
  return attempt.dialect == "local";
}

Money cost_of_attempt(const AttemptTrace& attempt,
                      const std::optional<CandidatePrice>& price_then) {
  if (is_ours(attempt)) return Money::known(0);  // what it costs here is local_cost
  if (!price_then) return Money::unpriced();
  const std::optional<BilledTokens> tokens = billed(attempt);
  if (!tokens) return Money::unknown();
  const Money cost = price(*tokens, price_then->rates);
  const bool guess = attempt.estimated && cost.state == MoneyState::Known;
  return guess ? Money::estimated(cost.nano) : cost;
}

json::value number_or_null(std::optional<std::uint64_t> value) {
  return value ? json::value(*value) : json::value();
}

json::object attempt_json(const AttemptTrace& attempt, const Money& cost) {
  json::object out{
      {"model", attempt.model},
      {"provider", is_ours(attempt) ? std::string(ledger_local_provider) : attempt.provider},
      {"prompt_tokens", number_or_null(attempt.prompt_tokens)},
      {"cached_tokens", number_or_null(attempt.cached_tokens)},
      {"cache_write_tokens", number_or_null(attempt.cache_write_tokens)},
      {"completion_tokens", number_or_null(attempt.completion_tokens)},
      {"cost_nano", cost.has_amount() ? json::value(cost.nano) : json::value()},
      {"outcome", attempt.error ? std::string(traits(*attempt.error).name) : "ok"}};
  if (cost.state != MoneyState::Known) out["cost"] = money_state_name(cost.state);
  if (attempt.retries != 0) out["retries"] = attempt.retries;
  if (attempt.hedged) out["hedged"] = true;
  return out;
}

std::string outcome_of(const RequestRecord& record) {
  if (record.client_gone) return "cancelled";
  if (record.status < 400)  // a stream's head says 200 before anything can go wrong
    return record.failed || (record.trace && record.trace->error) ? "error" : "ok";
  return record.status == 401 || record.status == 403 || record.status == 429 ? "refused" : "error";
}

/// What a route decided and what its attempts cost.
void add_trace(const RouteTrace& trace, LedgerRow& row) {
  row.route = trace.route;
  row.rule = trace.rule;
  row.reason = trace.reason;
  row.requested_model = trace.requested_model;
  row.escalated = trace.escalated_at_token.has_value();
  json::object gates;
  for (const GateTrace& gate : trace.gates) gates[gate.gate] = gate.outcome;
  row.gates = json::serialize(gates);
  json::object features = trace.features;
  json::array judged;
  for (const ConfidenceTrace& each : trace.confidence) {
    json::object one{{"point", confidence_point_text(each.point)},
                     {"token", each.token},
                     {"threshold", each.threshold},
                     {"decision", confidence_decision_text(each.decision)}};
    if (each.probability) one["probability"] = *each.probability;
    judged.push_back(std::move(one));
  }
  if (!judged.empty()) features["confidence"] = std::move(judged);
  row.features = json::serialize(features);
  row.gates_us = static_cast<std::int64_t>(std::llround(trace.overhead_microseconds));
  json::array attempts;
  Money paid = Money::known(0);
  for (const AttemptTrace& attempt : trace.attempts) {
    const std::optional<CandidatePrice> price_then = price_of(attempt);
    const Money cost = cost_of_attempt(attempt, price_then);
    paid = sum(paid, cost);
    if (!is_ours(attempt) && price_then) {
      row.price_version = price_then->version;
      // All candidates of a route have one currency: a configuration with two is refused.
      if (!price_then->rates.currency.empty()) row.currency = price_then->rates.currency;
    }
    attempts.push_back(attempt_json(attempt, cost));
  }
  row.attempts = json::serialize(attempts);
  row.cloud_cost = paid;
  if (const AttemptTrace* answer = answer_of(trace)) {
    row.model = answer->model;
    row.provider = is_ours(*answer) ? std::string(ledger_local_provider) : answer->provider;
    row.prompt_tokens = count(answer->prompt_tokens);
    row.cached_tokens = count(answer->cached_tokens);
    row.cache_write_tokens = count(answer->cache_write_tokens);
    row.completion_tokens = count(answer->completion_tokens);
    if (answer->first_token_ms)
      row.first_token_us = static_cast<std::int64_t>(std::llround(*answer->first_token_ms * 1e3));
  }
}

/// A request that named a model of this machine, or none.
void add_local(const RequestRecord& record, LedgerRow& row) {
  row.requested_model = record.model;
  row.cloud_cost = Money::known(0);
  if (record.compute_seconds > 0.0 || record.prompt_tokens != 0) {
    row.model = record.model;
    row.provider = ledger_local_provider;
    row.prompt_tokens = static_cast<std::int64_t>(record.prompt_tokens);
    row.completion_tokens = static_cast<std::int64_t>(record.generated_tokens);
    if (record.cached_tokens) row.cached_tokens = static_cast<std::int64_t>(*record.cached_tokens);
  }
  if (record.first_token_seconds) row.first_token_us = microseconds(*record.first_token_seconds);
}

Money counterfactual(const RequestRecord& record, const LedgerRow& row,
                     const AccountingRates& rates) {
  // Nobody would have been asked.
  if (row.model.empty() || (record.trace && record.trace->shadow)) return Money::known(0);
  if (row.endpoint == "/v1/embeddings") return Money::unpriced();  // the reference is for chats
  if (!rates.reference || row.currency != rates.currency) return Money::unpriced();
  if (!row.prompt_tokens || !row.completion_tokens) return Money::unknown();
  // Another provider's cache cannot be known: every token of the prompt counts in full.
  const Money all = price({.input = static_cast<std::uint64_t>(*row.prompt_tokens),
                           .output = static_cast<std::uint64_t>(*row.completion_tokens)},
                          *rates.reference);
  const AttemptTrace* answer = record.trace ? answer_of(*record.trace) : nullptr;
  const bool guess = answer != nullptr && answer->estimated && all.state == MoneyState::Known;
  return guess ? Money::estimated(all.nano) : all;
}

void add_machine(const RequestRecord& record, const AccountingRates& rates, const Power& power,
                 LedgerRow& row) {
  row.local_us = microseconds(record.compute_seconds);
  if (record.compute_seconds <= 0.0) {
    row.local_cost = Money::known(0);
    row.energy_uj = 0;
    return;
  }
  const double joules = record.compute_seconds * power.watts;
  row.energy_uj = static_cast<std::int64_t>(std::llround(joules * 1e6));
  row.energy_method = power_method_name(power.method);
  if (!rates.hardware_nano_per_hour || row.currency != rates.currency) {
    row.local_cost = Money::unpriced();
    return;
  }
  const double hardware =
      static_cast<double>(*rates.hardware_nano_per_hour) * record.compute_seconds / seconds_an_hour;
  const double energy = static_cast<double>(rates.power_nano_per_kwh) * joules / joules_a_kwh;
  row.local_cost = Money::known(std::llround(hardware + energy));
}

}  // namespace

Money cloud_cost(const RouteTrace& trace) {
  Money paid = Money::known(0);
  for (const AttemptTrace& attempt : trace.attempts)
    paid = sum(paid, cost_of_attempt(attempt, price_of(attempt)));
  return paid;
}

LedgerRow account_row(const RequestRecord& record, const AccountingRates& rates,
                      const Power& power) {
  LedgerRow row;
  row.id = record.ledger_id;
  row.time_us =
      std::chrono::duration_cast<std::chrono::microseconds>(record.started.time_since_epoch())
          .count();
  row.server = rates.server;
  row.endpoint = record.route;
  row.tenant = record.tenant;
  row.streamed = record.streamed;
  row.http_status = record.status;
  row.outcome = outcome_of(record);
  row.queue_us = microseconds(record.queue_seconds);
  row.total_us = microseconds(record.seconds);
  row.currency = rates.currency;
  row.reservation = record.reservation;
  if (record.ticket) {
    row.key_id = record.ticket->key_id();
    row.team = record.ticket->team_id();
    if (row.tenant.empty()) row.tenant = row.key_id;
  }
  if (record.trace)
    add_trace(*record.trace, row);
  else
    add_local(record, row);
  row.request_id = record.id;
  row.counterfactual_cost = counterfactual(record, row, rates);
  if (row.counterfactual_cost.has_amount() && !row.model.empty())
    row.reference_version = rates.reference_version;
  add_machine(record, rates, power, row);
  return row;
}

}  // namespace croft
