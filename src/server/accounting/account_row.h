#pragma once
/// The ledger's row of one request, from what the server noted about it.

#include <cstdint>
#include <optional>
#include <string>

#include "io/power_meter.h"
#include "server/http.h"
#include "store/ledger/ledger_row.h"
#include "store/prices/price_list.h"

namespace croft {

/// What costs are computed with; docs/ledger.md says where each comes from.
struct AccountingRates {
  std::string currency = "USD";
  /// The model that everything would have gone to; none: the counterfactual is unpriced.
  std::optional<TokenRates> reference = {};
  std::string reference_version = {};  ///< of the price list that it stands in
  /// Nano-units for an hour in which this machine computes: its price over the hours of its life.
  /// None: the local cost is unpriced.
  std::optional<std::int64_t> hardware_nano_per_hour = {};
  std::int64_t power_nano_per_kwh = 0;
  std::string server = {};  ///< which process this is
};

/// What upstreams charge for all attempts together.
[[nodiscard]] Money cloud_cost(const RouteTrace& trace);

/// Attempts are priced by what the trace says they were to be charged with: a configuration read
/// meanwhile changes nothing.
[[nodiscard]] LedgerRow account_row(const RequestRecord& record, const AccountingRates& rates,
                                    const Power& power);

}  // namespace croft
