#pragma once
/// Brings every request into the ledger once nobody works on it any more.

#include <functional>
#include <memory>
#include <optional>
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
///
/// Who has no key that we know can fill no disk: of requests that are refused for want of one, or
/// that ask for no route there is, `stranger_rows_a_minute` get a row; the log says how many more
/// there were.
class Accountant {
 public:
  static constexpr std::size_t stranger_rows_a_minute = 600;

  Accountant(std::unique_ptr<LedgerWriter> writer, AccountantOptions options)
      : options_(std::move(options)), writer_(std::move(writer)), meter_(options_.power) {}

  /// The row that was written; none where it could not be, or is a stranger's too many.
  std::optional<LedgerRow> settled(const RequestRecord& record);
  /// Whether there is room for the rows of more requests. A server that could not account for a
  /// request does not take it.
  [[nodiscard]] bool accepting() const { return writer_->accepting(); }
  [[nodiscard]] LedgerStatus status() const { return writer_->status(); }

 private:
  [[nodiscard]] Power power_after(double compute_seconds);
  [[nodiscard]] bool has_room_for_stranger();

  const AccountantOptions options_;
  const std::unique_ptr<LedgerWriter> writer_;
  Mutex mutex_;
  PowerMeter meter_ GUARDED_BY(mutex_);
  double compute_seconds_ GUARDED_BY(mutex_) = 0.0;
  PowerMeter::Clock::time_point sampled_ GUARDED_BY(mutex_){};
  PowerMeter::Clock::time_point strangers_since_ GUARDED_BY(mutex_){};
  std::size_t strangers_ GUARDED_BY(mutex_) = 0;  ///< rows since then
  std::size_t left_out_ GUARDED_BY(mutex_) = 0;   ///< of these no row was written
};

}  // namespace croft
