#pragma once
/// For tests only: rows that differ in every field, and unwrapping of results.

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/ledger/ledger_row.h"

namespace croft {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
}

/// A row like a server's; row 7 is always the same.
inline LedgerRow sample_row(int number) {
  LedgerRow row;
  row.id = "req-" + std::to_string(number);
  row.time_us = 1'780'000'000'000'000 + number * 1'000'003LL;
  row.server = "s1";
  row.endpoint = number % 2 == 0 ? "/v1/chat/completions" : "/v1/messages";
  row.tenant = "t" + std::to_string(number % 3);
  row.team = "blue";
  row.key_id = "key-" + std::to_string(number % 5);
  row.route = number % 4 == 0 ? "" : "mixed";
  row.rule = "default";
  row.reason = "confident enough";
  row.gates = R"({"length":"short"})";
  row.features = R"({"tokens":)" + std::to_string(number) + "}";
  row.requested_model = "route:mixed";
  const bool local = number % 3 != 0;
  row.model = local ? "smollm2:135m" : "gpt-large";
  row.provider = local ? std::string(ledger_local_provider) : "cloud";
  row.attempts = R"([{"model":")" + row.model + R"(","outcome":"ok"}])";
  row.escalated = !local;
  row.streamed = number % 2 == 1;
  row.http_status = 200;
  row.outcome = "ok";
  row.prompt_tokens = 100 + number;
  row.cached_tokens = number % 7;
  row.completion_tokens = 20 + number;
  row.total_us = 1000 * (number + 1);
  row.first_token_us = 500 * (number + 1);
  row.price_version = "2026-01";
  row.currency = "USD";
  row.cloud_cost = local ? Money::known(0) : Money::known(1'000'000 + number);
  row.counterfactual_cost =
      number % 11 == 10 ? Money::unpriced() : Money::known(2'000'000 + number);
  row.local_cost = local ? Money::known(1000) : Money::unknown();
  row.energy_uj = 5'000'000 + number;
  row.energy_method = "rapl";
  row.reservation = "r" + std::to_string(number);
  row.request_id = "x-" + std::to_string(number);
  row.reference_version = "2026-01 acme/large";
  return row;
}

inline std::vector<LedgerRow> sample_rows(int first, int count) {
  std::vector<LedgerRow> rows;
  for (int i = first; i < first + count; ++i) rows.push_back(sample_row(i));
  return rows;
}

}  // namespace croft
