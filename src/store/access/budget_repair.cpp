// Budgets after a crash: who is dead, and what becomes of what they had set aside.
#include <set>

#include "store/access/budget_book.h"
#include "store/access/budget_book_parts.h"
#include "store/access/server_place.h"

namespace croft {
namespace {

// Of one transaction: others wait for the accounts meanwhile.
constexpr std::int64_t repair_rows_max = 200;

}  // namespace

Result<void> BudgetBook::renew_lease(UtcMicros lease_end) {
  TRY(
      database_->execute("INSERT INTO croft_budget_server (id, lease, place) VALUES (?1, ?2, ?3)"
                         " ON CONFLICT (id) DO UPDATE SET lease = excluded.lease",
                         {server_, lease_end, own_place()}));
  return {};
}

Result<void> BudgetBook::end_lease() {
  // What is still open then has an owner that is in no table, which is dead as well.
  TRY(database_->execute("DELETE FROM croft_budget_server WHERE id = ?1", {server_}));
  return {};
}

Result<std::vector<std::string>> BudgetBook::dead_servers(UtcMicros now) {
  std::vector<std::string> dead;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    const std::string id(TRY(row.text(0)));
    const std::int64_t lease = TRY(row.int64(1));
    const std::string_view place = TRY(row.text(2));
    if (id != server_ && (lease < now || is_certainly_dead(place))) dead.push_back(id);
    return {};
  };
  TRY(database_->query("SELECT id, lease, place FROM croft_budget_server", {}, read_row));
  const RowReader read_orphan = [&](const Row& row) -> Result<void> {
    const std::string_view id = TRY(row.text(0));
    if (id != server_) dead.emplace_back(id);
    return {};
  };
  TRY(
      database_->query("SELECT DISTINCT server FROM croft_reservation WHERE state = 'open' AND"
                       " server NOT IN (SELECT id FROM croft_budget_server)",
                       {}, read_orphan));
  return dead;
}

Result<bool> BudgetBook::repair_some(const std::string& dead, UtcMicros now,
                                     const KnownCost& known_cost, BudgetRepair& report) {
  Transaction transaction = TRY(database_->begin());
  std::vector<Reservation> open;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    Reservation each;
    each.id = TRY(row.text(0));
    each.request = TRY(row.text(1));
    if (!row.is_null(2)) each.key_owner = TRY(row.text(2));
    if (!row.is_null(3)) each.team_owner = TRY(row.text(3));
    each.amount = TRY(row.int64(4));
    each.currency = TRY(row.text(5));
    open.push_back(std::move(each));
    return {};
  };
  TRY(database_->query(
      "SELECT id, request, key_owner, team_owner, amount, currency FROM croft_reservation"
      " WHERE state = 'open' AND server = ?1 ORDER BY id LIMIT ?2",
      {dead, repair_rows_max}, read_row));
  if (open.empty()) {
    TRY(database_->execute("DELETE FROM croft_budget_server WHERE id = ?1", {dead}));
    TRY(transaction.commit());
    return false;
  }
  std::set<std::string> owners;
  for (const Reservation& each : open)
    for (const std::string* owner : {&each.key_owner, &each.team_owner})
      if (!owner->empty()) owners.insert(*owner);
  Accounts accounts;
  for (const std::string& owner : owners) {
    Account account = TRY(lock_account(owner, now));
    accounts.emplace(owner, std::move(account));
  }
  BudgetRepair done = report;
  for (const Reservation& each : open) {
    // Once more, now that its accounts are locked: another may have ended it.
    const auto entry = TRY(find_entry(each.id));
    if (!entry || entry->state != "open") continue;
    std::optional<std::int64_t> known;
    if (known_cost) known = TRY(known_cost(each));
    const std::int64_t charge = known.value_or(each.amount);
    for (const std::string* owner : {&each.key_owner, &each.team_owner})
      if (!owner->empty()) TRY(accounts.find(*owner)->second.take(each.amount, charge));
    const auto window_of = [&](const std::string& owner) {
      return owner.empty() ? std::int64_t{0} : accounts.find(owner)->second.window.start;
    };
    // The windows are those that it is charged in: a correction later must know.
    TRY(
        database_->execute("UPDATE croft_reservation SET state = ?2, actual = ?3, ended = ?4,"
                           " key_window = ?5, team_window = ?6 WHERE id = ?1",
                           {each.id, known ? "settled" : "expired", charge, now,
                            window_of(each.key_owner), window_of(each.team_owner)}));
    ++(known ? done.known : done.settled);
    done.charged_nano += charge;
  }
  for (const auto& [owner, account] : accounts) TRY(store(account));
  TRY(transaction.commit());
  report = done;
  return true;
}

Result<BudgetRepair> BudgetBook::repair(UtcMicros now, const KnownCost& known_cost) {
  BudgetRepair report;
  for (const std::string& dead : TRY(dead_servers(now)))
    while (TRY(repair_some(dead, now, known_cost, report))) {
    }
  return report;
}

Result<void> BudgetBook::forget_ended(UtcMicros time) {
  TRY(database_->execute("DELETE FROM croft_reservation WHERE state <> 'open' AND ended < ?1",
                         {time}));
  return {};
}

}  // namespace croft
