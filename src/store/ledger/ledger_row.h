#pragma once
/// One request, as the ledger keeps it: who, what, why, how long, how much. Written once when the
/// request has ended, on every endpoint.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace croft {

enum class MoneyState : std::uint8_t {
  Unknown,   ///< nobody can say: the upstream told no usage, the power is not measured
  Unpriced,  ///< usage is known, the price is not: never 0
  Known,
  Estimated,  ///< a stream broke off before the upstream told its tokens: what we saw of it
};
[[nodiscard]] std::string_view money_state_name(MoneyState state);  ///< "unknown", "unpriced", ...

/// An amount in billionths of the row's currency.
struct Money {
  MoneyState state = MoneyState::Unknown;
  std::int64_t nano = 0;  ///< 0 without an amount

  [[nodiscard]] constexpr bool has_amount() const {
    return state == MoneyState::Known || state == MoneyState::Estimated;
  }

  [[nodiscard]] static constexpr Money known(std::int64_t nano) {
    return {MoneyState::Known, nano};
  }
  [[nodiscard]] static constexpr Money estimated(std::int64_t nano) {
    return {MoneyState::Estimated, nano};
  }
  [[nodiscard]] static constexpr Money unpriced() { return {MoneyState::Unpriced, 0}; }
  [[nodiscard]] static constexpr Money unknown() { return {}; }
  friend bool operator==(const Money&, const Money&) = default;
};

/// `provider` of an answer that this machine gave.
inline constexpr std::string_view ledger_local_provider = "local";

/// Texts are UTF-8; no field holds a key, a prompt or an answer. A count or time that is not known
/// is absent, never 0.
struct LedgerRow {
  std::string id;            ///< of the request; made by us, never taken from a client
  std::int64_t time_us = 0;  ///< when the request began, UTC, microseconds since 1970. May jump
                             ///< back with the clock: the ledger numbers rows itself.
  std::string server;        ///< which process wrote the row, where several share a database
  std::string endpoint;      ///< "/v1/chat/completions"
  std::string tenant;        ///< the group whose data stay together
  std::string team;
  std::string key_id;  ///< the public name of the key, never the key
  std::string route;   ///< empty: no route was asked for
  std::string rule;
  std::string reason;
  std::string gates = "{}";     ///< what the gates said: compact JSON
  std::string features = "{}";  ///< what they saw: compact JSON
  std::string requested_model;
  std::string model;            ///< that answered; empty: none did
  std::string provider;         ///< ledger_local_provider, or the upstream's name
  std::string attempts = "[]";  ///< compact JSON, an object each: model, provider, prompt_tokens,
                                ///< cached_tokens, completion_tokens, cost_nano, outcome
  bool escalated = false;
  bool streamed = false;
  int http_status = 0;
  std::string outcome;                        ///< "ok", "error", "cancelled", "refused"
  std::optional<std::int64_t> prompt_tokens;  ///< all of the prompt, cached ones included
  std::optional<std::int64_t> cached_tokens;
  std::optional<std::int64_t> cache_write_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<std::int64_t> queue_us;
  std::optional<std::int64_t> gates_us;
  std::optional<std::int64_t> local_us;  ///< computing here
  std::optional<std::int64_t> first_token_us;
  std::optional<std::int64_t> total_us;
  std::string price_version;              ///< of the list that cloud_cost was computed with
  std::string currency;                   ///< three letters, of all costs of the row
  Money cloud_cost;                       ///< what upstreams charge, all attempts together
  Money counterfactual_cost;              ///< had the request gone to the cloud in the first place
  Money local_cost;                       ///< hardware and power of this machine
  std::optional<std::int64_t> energy_uj;  ///< microjoules
  std::string energy_method = "none";     ///< "rapl", "hwmon", "model", "none"
  std::string reservation;                ///< of the budget; empty: there was none
  std::string request_id;                 ///< x-request-id, as logs and the client have it: foreign
  std::string reference_version;          ///< of the list, and the model, of counterfactual_cost

  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

/// Makes any row one that both databases store unchanged: bytes that are no UTF-8 and zero bytes
/// become U+FFFD, texts are cut at 1 KiB (`id` at 200 bytes), and JSON that is over 64 KiB becomes
/// {"cut":BYTES}.
void make_storable(LedgerRow& row);

}  // namespace croft
