#pragma once
/// "What if": what the same requests cost all in the cloud, and with a share of them answered on a
/// machine of one's own. A projection from stated assumptions, all of which it prints; what was
/// really paid is in the ledger.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "store/prices/price_list.h"
#include "store/prices/token_cost.h"

namespace croft {

/// Requests added up, each priced by the length of its own prompt.
struct WhatifWork {
  std::uint64_t requests = 0;
  BilledTokens tokens;
  std::int64_t cloud_nano = 0;    ///< of all but the unpriced
  std::uint64_t unpriced = 0;     ///< requests that the list has no price for
  std::string why_unpriced = {};  ///< of the first of them
  std::string currency = {};
  std::string price_version = {};
  std::string cloud_model = {};
  /// Adds `count` requests that have `tokens` in all. Errors: TooLarge; InvalidArgument where
  /// currencies differ.
  Result<void> add(const BilledTokens& of_all, std::uint64_t count, const PriceList& list,
                   std::string_view provider, std::string_view model);
};

/// One's own machine. Money in units of the cloud's currency.
struct WhatifMachine {
  double price = 0.0;        ///< of one machine
  double years = 4.0;        ///< until it is worth nothing
  double utilisation = 0.2;  ///< share of its time in which it computes
  double watts_busy = 0.0;   ///< at the socket, while it computes
  double watts_idle = 0.0;   ///< while it waits
  double kwh_price = 0.0;
  double prompt_rate = 1.0;  ///< tokens/s of prompts, all requests together
  double answer_rate = 1.0;  ///< tokens/s of answers, all requests together
};

struct WhatifQuestion {
  WhatifWork work;
  WhatifMachine machine;
  double local_share = 0.8;  ///< of the requests: answered locally, for good
  /// Of the requests: tried locally, and so paid for there; at least local_share. A cascade tries
  /// all of them first.
  double tried_share = 1.0;
  /// Over which `work` came in; then whole machines are bought and utilisation follows from the
  /// work instead of being assumed. 0: not known.
  double days = 0.0;
};

/// Money in units of the currency; negative savings are losses.
struct WhatifAnswer {
  double cloud_all = 0.0;
  double local_all = 0.0;   ///< every request, computed locally
  double cloud_part = 0.0;  ///< of the hybrid: what still goes to the cloud
  double local_part = 0.0;  ///< of the hybrid: hardware and power
  double hardware = 0.0;    ///< of local_part
  double power = 0.0;       ///< of local_part
  double kwh = 0.0;
  double busy_seconds = 0.0;     ///< of the hybrid's local computing
  double machines = 0.0;         ///< bought; 0 where utilisation was assumed
  double utilisation = 0.0;      ///< assumed, or what follows from days and machines
  double local_per_cloud = 0.0;  ///< local_all over cloud_all

  [[nodiscard]] double hybrid() const { return cloud_part + local_part; }
  [[nodiscard]] double saved_share() const { return 1.0 - hybrid() / cloud_all; }
  /// How many times as much the cloud costs as the same work done locally.
  [[nodiscard]] double times_cheaper() const { return 1.0 / local_per_cloud; }
};

/// Errors: InvalidArgument (a number out of range, named; unpriced requests; no requests; a
/// machine too slow for the work within `days`, with the number that is needed).
Result<WhatifAnswer> whatif(const WhatifQuestion& question);

/// A published promise, held against the answer.
struct WhatifClaim {
  std::string promise;  ///< "85 % cheaper at 80 % local"
  bool holds = false;
  std::string why = {};  ///< the figure, and what it would take
};
/// "85-95 % cheaper" at 80 and 90 % local, and "225 times cheaper".
Result<std::vector<WhatifClaim>> whatif_claims(const WhatifQuestion& question);

/// Assumptions, costs and claims, for people.
[[nodiscard]] std::string whatif_text(const WhatifQuestion& question, const WhatifAnswer& answer,
                                      const std::vector<WhatifClaim>& claims);
[[nodiscard]] json::object whatif_json(const WhatifQuestion& question, const WhatifAnswer& answer,
                                       const std::vector<WhatifClaim>& claims);
/// Savings over the share answered locally, for several utilisations of the machine, as SVG.
Result<std::string> whatif_plot(const WhatifQuestion& question);

}  // namespace croft
