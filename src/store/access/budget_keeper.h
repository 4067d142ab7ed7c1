#pragma once
/// Budgets for a server: one thread that carries out what requests ask for in groups, a transaction
/// a group, and calls back. The request path only moves an order into a queue; a request whose key
/// and team have no budget never comes here.
///
/// A reservation that the keeper could not make is an error for its request. A settlement is never
/// given up: it waits, in order, until the database is back; after a crash repair() charges the
/// worst case instead.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "store/access/budget_book.h"
#include "store/database/database.h"

namespace croft {

struct BudgetKeeperOptions {
  std::string server = {};                  ///< empty: a random name
  std::chrono::milliseconds lease{15'000};  ///< renewed at each third of it
  std::size_t waiting_max = 10'000;         ///< orders; beyond, reservations are refused
  std::size_t group_max = 256;              ///< orders in a transaction
  std::chrono::hours keep_ended{24 * 7};    ///< reservations that have ended
  std::function<UtcMicros()> clock = utc_now;
  BudgetBook::KnownCost known_cost = {};  ///< called on the keeper's thread
};

/// Since the start, for /metrics and /health.
struct BudgetHealth {
  std::uint64_t reserved = 0;
  std::uint64_t refused = 0;  ///< over the budget
  std::uint64_t settled = 0;
  std::uint64_t released = 0;
  std::uint64_t groups = 0;    ///< transactions
  std::uint64_t repaired = 0;  ///< reservations of dead servers
  std::size_t waiting = 0;     ///< just now
  bool failing = false;        ///< the last transaction failed
  std::string why = {};        ///< while failing
};

/// Threads: any.
class BudgetKeeper {
 public:
  /// Makes the tables, repairs what dead servers left, starts the thread. Errors: as the database.
  static Result<std::unique_ptr<BudgetKeeper>> start(Database database,
                                                     BudgetKeeperOptions options = {});
  /// As close(); never on the keeper's own thread, so call close() while somebody else holds it.
  ~BudgetKeeper();
  BudgetKeeper(const BudgetKeeper&) = delete;
  BudgetKeeper& operator=(const BudgetKeeper&) = delete;

  /// A name for a reservation that no other has.
  [[nodiscard]] static std::string new_reservation_id();

  /// Called once, on the keeper's thread, or on the caller's where it is refused at once.
  using Done = std::function<void(const Result<void>&)>;
  /// Errors for `done`: as BudgetBook::apply() for Reserve; Busy where too many wait; Unavailable
  /// where the database is; InvalidArgument for an amount below 0.
  void reserve(Reservation reservation, Done done);
  /// Never waits. `actual` below 0 counts as 0.
  void settle(Reservation reservation, std::int64_t actual);
  void release(Reservation reservation);

  [[nodiscard]] BudgetHealth health() const;
  /// Waits until all that was asked so far is done; false where that took longer.
  bool flush(std::chrono::milliseconds within);
  /// Carries out what waits, for at most `within`; refuses what comes later. What is left open is
  /// repaired at the next start. A second call does nothing.
  void close(std::chrono::milliseconds within = std::chrono::seconds(5));

 private:
  struct Job {
    BudgetOrder order;
    Done done = {};  ///< of reservations
  };
  enum class GroupEnd : std::uint8_t { Done, TryAgain };

  BudgetKeeper(Database database, BudgetKeeperOptions options);
  void put(Job job);
  void run();
  /// The next jobs; empty where it is time for the lease, or to end.
  std::vector<Job> next_group();
  GroupEnd carry_out(std::vector<Job>& jobs);
  void failed(std::vector<Job>& jobs, const Error& error);
  void keep_alive();
  void set_failing(const Error* error);

  const BudgetKeeperOptions options_;
  Database database_;
  BudgetBook book_;

  mutable Mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any idle_;
  std::deque<Job> queue_ GUARDED_BY(mutex_);
  bool busy_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point deadline_ GUARDED_BY(mutex_){};
  BudgetHealth health_ GUARDED_BY(mutex_);

  // The thread's own.
  std::chrono::steady_clock::time_point next_lease_{};
  std::chrono::milliseconds pause_{0};  ///< before the next try
  std::size_t group_size_ = 0;          ///< of the next group: 1 after a failure

  std::thread thread_;
};

}  // namespace croft
