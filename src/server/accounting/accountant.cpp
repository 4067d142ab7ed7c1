#include "server/accounting/accountant.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace croft {

Power Accountant::power_after(double compute_seconds) {
  constexpr std::chrono::seconds between{1};
  const MutexLock lock(mutex_);
  compute_seconds_ += compute_seconds;
  const auto now = PowerMeter::Clock::now();
  if (now - sampled_ >= between) {
    sampled_ = now;
    meter_.sample(compute_seconds_, now);
  }
  return meter_.power();
}

bool Accountant::has_room_for_stranger() {
  constexpr std::chrono::minutes window{1};
  const MutexLock lock(mutex_);
  const auto now = PowerMeter::Clock::now();
  if (now - strangers_since_ >= window) {
    if (left_out_ != 0)
      log_warning("the ledger has no rows of " + std::to_string(left_out_) +
                  " requests without a valid key or route, beyond " +
                  std::to_string(stranger_rows_a_minute) + " a minute");
    strangers_since_ = now;
    strangers_ = left_out_ = 0;
  }
  if (strangers_ >= stranger_rows_a_minute) {
    ++left_out_;
    return false;
  }
  ++strangers_;
  return true;
}

std::optional<LedgerRow> Accountant::settled(const RequestRecord& record) {
  const bool stranger =
      record.tenant.empty() && (record.status == 401 || record.route == unmatched_route);
  if (stranger && !has_room_for_stranger()) return std::nullopt;
  try {
    const Power power = power_after(record.compute_seconds);
    LedgerRow row = account_row(record, options_.rates, power);
    if (writer_->write(row)) return row;
    log_error("the ledger's queue is full: the row of request " + record.ledger_id + " is lost");
  } catch (const std::exception&) {
    log_error("no memory for the ledger's row of request " + record.ledger_id);
  }
  return std::nullopt;
}

}  // namespace croft
