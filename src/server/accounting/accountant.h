#pragma once
/// Brings every request into the ledger once nobody works on it any more.

#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "io/power_meter.h"
#include "server/accounting/account_row.h"
#include "server/http.h"
#include "store/ledger/ledger_writer.h"

namespace croft {

struct AccountantOptions {
  AccountingRates rates;
  PowerOptions power;
};

/// Safe from any thread; settled() waits for no disk.
class Accountant {
 public:
  Accountant(std::unique_ptr<LedgerWriter> writer, AccountantOptions options)
      : options_(std::move(options)), writer_(std::move(writer)), meter_(options_.power) {}

  void settled(const RequestRecord& record);
  /// Whether there is room for the rows of more requests. A server that could not account for a
  /// request does not take it.
  [[nodiscard]] bool accepting() const { return writer_->accepting(); }
  [[nodiscard]] LedgerStatus status() const { return writer_->status(); }

 private:
  [[nodiscard]] Power power_after(double compute_seconds);

  const AccountantOptions options_;
  const std::unique_ptr<LedgerWriter> writer_;
  Mutex mutex_;
  PowerMeter meter_ GUARDED_BY(mutex_);
  double compute_seconds_ GUARDED_BY(mutex_) = 0.0;
  PowerMeter::Clock::time_point sampled_ GUARDED_BY(mutex_){};
};

}  // namespace croft
