#pragma once
/// Sums over rows of the ledger. Money is added exactly; what is unpriced or unknown is counted,
/// not added as 0.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "store/ledger/ledger_columns.h"

namespace croft {

/// Counts durations in steps of 3 %, from 0 to years, in at most 8 KB.
class DurationCounts {
 public:
  void add(std::int64_t us);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The duration that this share (0 to 1) of the counted ones does not exceed, to 3 %; nullopt
  /// where nothing was counted.
  [[nodiscard]] std::optional<double> quantile_us(double share) const;

 private:
  std::vector<std::uint32_t> steps_;
  std::uint64_t count_ = 0;
};

struct MoneyTotal {
  std::int64_t nano = 0;  ///< of the known and the estimated ones
  std::uint64_t known = 0;
  std::uint64_t estimated = 0;
  std::int64_t estimated_nano = 0;  ///< of `nano`
  std::uint64_t unpriced = 0;
  std::uint64_t unknown = 0;
  bool overflowed = false;  ///< `nano` is too small then

  void add(const Money& money);
};

/// In one currency.
struct CostTotals {
  MoneyTotal cloud;
  MoneyTotal counterfactual;
  MoneyTotal local;
  /// Counterfactual less cloud, of the rows where both have an amount; local cost is not taken off.
  MoneyTotal saved;
};

struct EnergyTotal {
  std::int64_t uj = 0;
  std::uint64_t rows = 0;
};

struct LedgerTotals {
  std::uint64_t requests = 0;
  std::uint64_t local = 0;  ///< answered by this machine
  std::uint64_t cloud = 0;  ///< answered by an upstream
  std::uint64_t escalated = 0;
  std::uint64_t failed = 0;     ///< outcome other than "ok"
  std::uint64_t refused = 0;    ///< of these
  std::uint64_t cancelled = 0;  ///< of these: the client left
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::uint64_t tokens_unknown = 0;           ///< answered, without a prompt or answer count
  std::map<std::string, CostTotals> costs;    ///< by currency; empty: none was named
  std::map<std::string, EnergyTotal> energy;  ///< by method; of requests that computed here
  DurationCounts first_token;
  DurationCounts total;

  void add(const LedgerRow& row);
};

/// "12.345678" of billionths: at least two decimals, at most six (half away from zero).
[[nodiscard]] std::string money_text(std::int64_t nano);
[[nodiscard]] json::object totals_json(const LedgerTotals& totals);

}  // namespace croft
