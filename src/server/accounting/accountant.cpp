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

void Accountant::settled(const RequestRecord& record) {
  try {
    const Power power = power_after(record.compute_seconds);
    if (!writer_->write(account_row(record, options_.rates, power)))
      log_error("the ledger's queue is full: the row of request " + record.ledger_id + " is lost");
  } catch (const std::exception&) {
    log_error("no memory for the ledger's row of request " + record.ledger_id);
  }
}

}  // namespace croft
