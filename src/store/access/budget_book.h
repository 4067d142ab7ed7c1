#pragma once
/// Budgets in the database: reserve, then settle. What a request may cost at most is set aside
/// before it is sent; what it did cost replaces that when it is over. At every moment
/// spent + reserved <= max_budget, unless a cost came out above its own worst case.
///
/// Any number of servers may share one database. Every account is locked before it is read, in the
/// order of its name, so that two never wait for each other.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/access/access_record.h"
#include "store/database/database.h"

namespace croft {

/// Money set aside for one call to a provider.
struct Reservation {
  std::string id = {};          ///< unique for ever
  std::string request = {};     ///< the request's id
  std::string key_owner = {};   ///< the key's id where the key has a budget
  std::string team_owner = {};  ///< the team's id where the team has one
  std::int64_t amount = 0;      ///< nano-units, the worst case; not below 0
  std::string currency = {};
};

enum class BudgetDeed : std::uint8_t { Reserve, Settle, Release };

struct BudgetOrder {
  BudgetDeed deed = BudgetDeed::Reserve;
  Reservation reservation;
  std::int64_t actual = 0;  ///< of Settle; not below 0
};

struct BudgetRepair {
  std::size_t settled = 0;        ///< reservations of dead servers, charged at their worst case
  std::size_t known = 0;          ///< those of them whose real cost was known elsewhere
  std::int64_t charged_nano = 0;  ///< for both
};

/// Threads: one at a time, as the database.
class BudgetBook {
 public:
  /// `server`: this process's name among servers. `database` outlives it and has the tables.
  BudgetBook(Database& database, std::string server)
      : database_(&database), server_(std::move(server)) {}

  /// Carries out `orders` in one transaction, in their order. Each has its own result:
  ///   Reserve: Busy with retry_after_seconds where key or team would go over its budget; Forbidden
  ///     where the budget is in another currency. An id that is open already is a success.
  ///   Settle: charges `actual`, also where the reservation is unknown or was charged by repair()
  ///     meanwhile, which is then put right. A second settlement of the same amount is a success.
  ///   Release: gives back; an unknown or released one is a success.
  ///   Settle and Release of one that ended otherwise: InvalidArgument.
  /// An error instead of results: none of them was carried out, or (fault Away) that is unknown;
  /// the same orders may be given again.
  Result<std::vector<Result<void>>> apply(std::span<const BudgetOrder> orders, UtcMicros now);

  /// Says that this server lives, until `lease_end`.
  Result<void> renew_lease(UtcMicros lease_end);
  /// This server ends in order.
  Result<void> end_lease();

  /// The real cost of a reservation, where something else has recorded it (the ledger).
  using KnownCost = std::function<Result<std::optional<std::int64_t>>(const Reservation&)>;
  /// Ends the open reservations of servers that are dead: certainly so on this machine
  /// (server_place.h), or by a lease that ended before `now`. A call that was under way may have
  /// been billed, so each is charged its known cost, or its worst case.
  Result<BudgetRepair> repair(UtcMicros now, const KnownCost& known_cost = {});

  /// Erases reservations that ended before `time`; the ledger keeps what they were for.
  Result<void> forget_ended(UtcMicros time);

 private:
  struct Account;
  struct Entry;
  using Accounts = std::map<std::string, Account, std::less<>>;

  Result<Account> lock_account(const std::string& owner, UtcMicros now);
  Result<void> store(const Account& account);
  Result<std::optional<Entry>> find_entry(const std::string& id);
  Result<Result<void>> carry_out(const BudgetOrder& order, Accounts& accounts, UtcMicros now);
  Result<Result<void>> reserve(const Reservation& reservation, Accounts& accounts, UtcMicros now);
  Result<Result<void>> settle(const BudgetOrder& order, Accounts& accounts, UtcMicros now);
  Result<Result<void>> release(const BudgetOrder& order, Accounts& accounts, UtcMicros now);
  Result<void> insert(const Reservation& reservation, const Accounts& accounts,
                      std::string_view state, std::optional<std::int64_t> actual, UtcMicros now);
  Result<void> end_entry(const std::string& id, std::string_view state, std::int64_t actual,
                         UtcMicros now);
  Result<std::vector<std::string>> dead_servers(UtcMicros now);
  Result<bool> repair_some(const std::string& dead, UtcMicros now, const KnownCost& known_cost,
                           BudgetRepair& report);

  Database* database_;
  std::string server_;
};

}  // namespace croft
