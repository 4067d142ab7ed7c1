#include "store/access/budget_keeper.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "store/access/access_schema.h"
#include "store/key_secret.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds pause_first{50};
constexpr std::chrono::milliseconds pause_max{2000};

/// From the system, because a process that was forked has its parent's generator: two servers of
/// one name would each take the other's reservations for their own.
std::string hex_id(std::string_view prefix) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::uint8_t, 16> bytes{};
  fill_random(bytes);
  std::string id(prefix);
  for (const std::uint8_t byte : bytes) {
    id += digits[byte >> 4];
    id += digits[byte & 15];
  }
  return id;
}

Error cannot_now(const Error& cause) {
  return {.code = ErrorCode::Unavailable,
          .message = "the budget cannot be checked just now",
          .hint = cause.message,
          .field = {},
          .retry_after_seconds = std::max(cause.retry_after_seconds, 1)};
}

bool comes_again(const Error& error) {
  return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Io ||
         error.code == ErrorCode::Timeout;
}

}  // namespace

std::string BudgetKeeper::new_reservation_id() {
  return hex_id("rsv-");
}

BudgetKeeper::BudgetKeeper(Database database, BudgetKeeperOptions options)
    : options_(std::move(options)),
      database_(std::move(database)),
      book_(database_, options_.server.empty() ? hex_id("srv-") : options_.server),
      group_size_(options_.group_max) {}

Result<std::unique_ptr<BudgetKeeper>> BudgetKeeper::start(Database database,
                                                          BudgetKeeperOptions options) {
  TRY(start_key_secrets());
  TRY(prepare_access_tables(database));
  std::unique_ptr<BudgetKeeper> keeper(new BudgetKeeper(std::move(database), std::move(options)));
  const UtcMicros now = keeper->options_.clock();
  TRY(keeper->book_.renew_lease(now + keeper->options_.lease.count() * 1000));
  const BudgetRepair repaired = TRY(keeper->book_.repair(now, keeper->options_.known_cost));
  const auto kept =
      std::chrono::duration_cast<std::chrono::microseconds>(keeper->options_.keep_ended);
  TRY(keeper->book_.forget_ended(now - kept.count()));
  {
    const MutexLock lock(keeper->mutex_);
    keeper->health_.repaired = repaired.settled + repaired.known;
  }
  if (repaired.settled + repaired.known != 0)
    log_warning("budgets: " + std::to_string(repaired.settled + repaired.known) +
                " reservations of servers that ended without a word were charged, " +
                std::to_string(repaired.settled) + " of them at their worst case");
  keeper->next_lease_ = Clock::now() + keeper->options_.lease / 3;
  keeper->thread_ = std::thread([&self = *keeper] { self.run(); });
  return keeper;
}

BudgetKeeper::~BudgetKeeper() {
  close();
}

void BudgetKeeper::put(Job job) {
  const MutexLock lock(mutex_);
  queue_.push_back(std::move(job));
  wake_.notify_one();
}

void BudgetKeeper::reserve(Reservation reservation, Done done) {
  const auto refuse = [&](ErrorCode code, const char* message, int retry) {
    done(Result<void>(std::unexpected(Error{
        .code = code, .message = message, .hint = {}, .field = {}, .retry_after_seconds = retry})));
  };
  if (reservation.amount < 0)
    return refuse(ErrorCode::InvalidArgument, "a reservation must not be below 0", 0);
  bool closed = false;
  {
    const MutexLock lock(mutex_);
    closed = closing_;
    if (!closed && queue_.size() < options_.waiting_max) {
      queue_.push_back(
          {.order = {.deed = BudgetDeed::Reserve, .reservation = std::move(reservation)},
           .done = std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  if (closed) return refuse(ErrorCode::Unavailable, "the server is shutting down", 1);
  refuse(ErrorCode::Busy, "too many requests wait for their budget", 1);
}

void BudgetKeeper::settle(Reservation reservation, std::int64_t actual) {
  put({.order = {.deed = BudgetDeed::Settle,
                 .reservation = std::move(reservation),
                 .actual = std::max<std::int64_t>(actual, 0)}});
}

void BudgetKeeper::release(Reservation reservation) {
  put({.order = {.deed = BudgetDeed::Release, .reservation = std::move(reservation)}});
}

BudgetHealth BudgetKeeper::health() const {
  const MutexLock lock(mutex_);
  BudgetHealth health = health_;
  health.waiting = queue_.size();
  return health;
}

bool BudgetKeeper::flush(std::chrono::milliseconds within) {
  const auto deadline = Clock::now() + within;
  MutexLock lock(mutex_);
  while (!queue_.empty() || busy_)
    if (!lock.wait_until(idle_, deadline) && Clock::now() >= deadline)
      return queue_.empty() && !busy_;
  return true;
}

void BudgetKeeper::close(std::chrono::milliseconds within) {
  {
    const MutexLock lock(mutex_);
    if (closing_) return;
    closing_ = true;
    deadline_ = Clock::now() + within;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<BudgetKeeper::Job> BudgetKeeper::next_group() {
  MutexLock lock(mutex_);
  busy_ = false;
  if (queue_.empty()) idle_.notify_all();
  // After a failure a pause, which only the end cuts short.
  const auto resume = Clock::now() + pause_;
  while (!closing_ && Clock::now() < next_lease_ && (queue_.empty() || Clock::now() < resume)) {
    const auto until = queue_.empty() ? next_lease_ : std::min(next_lease_, resume);
    lock.wait_until(wake_, until);
  }
  std::vector<Job> jobs;
  while (!queue_.empty() && jobs.size() < group_size_) {
    jobs.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  busy_ = !jobs.empty();
  return jobs;
}

void BudgetKeeper::run() {
  for (;;) {
    std::vector<Job> jobs = next_group();
    if (!jobs.empty() && carry_out(jobs) == GroupEnd::TryAgain) {
      const MutexLock lock(mutex_);
      for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) queue_.push_front(std::move(*job));
      if (closing_ && Clock::now() >= deadline_) break;
    }
    bool ends = false;
    {
      const MutexLock lock(mutex_);
      ends = closing_ && (queue_.empty() || Clock::now() >= deadline_);
      if (closing_ && pause_.count() != 0 && !ends) pause_ = pause_first;
    }
    if (ends) break;
    if (Clock::now() >= next_lease_) keep_alive();
  }
  // Whoever still waits hears it; what is open is repaired at the next start.
  std::deque<Job> left;
  {
    const MutexLock lock(mutex_);
    left.swap(queue_);
    busy_ = false;
    idle_.notify_all();
  }
  for (Job& job : left)
    if (job.done) job.done(fail(ErrorCode::Unavailable, "the server is shutting down"));
  if (left.empty()) static_cast<void>(book_.end_lease());
}

BudgetKeeper::GroupEnd BudgetKeeper::carry_out(std::vector<Job>& jobs) {
  std::vector<BudgetOrder> orders;
  orders.reserve(jobs.size());
  for (const Job& job : jobs) orders.push_back(job.order);
  const auto results = book_.apply(orders, options_.clock());
  if (!results) {
    failed(jobs, results.error());
    return jobs.empty() ? GroupEnd::Done : GroupEnd::TryAgain;
  }
  pause_ = std::chrono::milliseconds(0);
  group_size_ = options_.group_max;
  set_failing(nullptr);
  {
    const MutexLock lock(mutex_);
    ++health_.groups;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const bool sound = results->at(i).has_value();
      switch (jobs[i].order.deed) {
        case BudgetDeed::Reserve:
          ++(sound ? health_.reserved : health_.refused);
          break;
        case BudgetDeed::Settle:
          if (sound) ++health_.settled;
          break;
        case BudgetDeed::Release:
          if (sound) ++health_.released;
          break;
      }
    }
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].done)
      jobs[i].done(results->at(i));
    else if (!results->at(i))
      log_error("budgets: " + results->at(i).error().to_string());
  }
  return GroupEnd::Done;
}

void BudgetKeeper::failed(std::vector<Job>& jobs, const Error& error) {
  set_failing(&error);
  const bool locked = database_.fault() == DatabaseFault::Locked;
  pause_ = std::clamp(pause_ * 2, pause_first, pause_max);
  std::vector<Job> again;
  const bool single = jobs.size() == 1;
  for (Job& job : jobs) {
    if (!job.done) {
      // Something in one order may be what fails: then it alone is given up, and said.
      if (single && !comes_again(error)) {
        log_error("budgets: a settlement of reservation " + job.order.reservation.id +
                  " is given up: " + error.to_string());
        continue;
      }
      again.push_back(std::move(job));
      continue;
    }
    if (locked && !single) {
      again.push_back(std::move(job));
      continue;
    }
    job.done(std::unexpected(cannot_now(error)));
    // A commit that went unanswered may have happened.
    again.push_back(
        {.order = {.deed = BudgetDeed::Release, .reservation = std::move(job.order.reservation)}});
  }
  // One at a time, until it is clear whether one of them is at fault.
  group_size_ = comes_again(error) && !locked ? options_.group_max : 1;
  jobs = std::move(again);
}

void BudgetKeeper::keep_alive() {
  const UtcMicros now = options_.clock();
  const auto renewed = book_.renew_lease(now + options_.lease.count() * 1000);
  set_failing(renewed ? nullptr : &renewed.error());
  if (renewed) {
    const auto repaired = book_.repair(now, options_.known_cost);
    if (repaired && repaired->settled + repaired->known != 0) {
      const MutexLock lock(mutex_);
      health_.repaired += repaired->settled + repaired->known;
    }
  }
  next_lease_ = Clock::now() + options_.lease / 3;
}

void BudgetKeeper::set_failing(const Error* error) {
  std::string news;
  {
    const MutexLock lock(mutex_);
    if (error != nullptr && !health_.failing)
      news = "budgets cannot be written: " + error->to_string();
    if (error == nullptr && health_.failing) news = "budgets are written again";
    health_.failing = error != nullptr;
    health_.why = error == nullptr ? std::string() : error->to_string();
  }
  if (news.empty()) return;
  if (error != nullptr)
    log_error(news);
  else
    log_info(news);
}

}  // namespace croft
