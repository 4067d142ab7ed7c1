#include "store/access/budget_book.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/check.h"
#include "base/checked.h"
#include "store/access/budget_book_parts.h"
#include "store/prices/money.h"

namespace croft {
namespace {

// A budget without a duration begins again when somebody raises it: no client should ask often.
constexpr int retry_never_seconds = 3600;
// What is reserved comes back when requests end.
constexpr int retry_reserved_seconds = 2;

std::optional<std::string> null_if_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string who(const std::string& owner) {
  return owner.starts_with("team-") ? "the team's" : "the key's";
}

}  // namespace

Result<void> BudgetBook::Account::take(std::int64_t from_reserved, std::int64_t to_spent) {
  const auto left = checked_add(reserved, -from_reserved);
  const auto sum = checked_add(spent, to_spent);
  const auto ever = checked_add(spent_ever, to_spent);
  if (!left || !sum || !ever)
    return fail(ErrorCode::TooLarge, "the sums of budget " + owner + " can no longer be counted");
  CHECK(*left >= 0);  // every reservation is taken out once, and the table checks it too
  reserved = *left;
  spent = *sum;
  spent_ever = *ever;
  return {};
}

Result<void> BudgetBook::Account::correct(std::int64_t window_of_entry, std::int64_t by) {
  const auto ever = checked_add(spent_ever, by);
  if (!ever) return fail(ErrorCode::TooLarge, "the sums of budget " + owner + " are too large");
  spent_ever = *ever;
  // What was charged in an earlier window is not in `spent` any more.
  if (window_of_entry == window.start) spent = std::max<std::int64_t>(spent + by, 0);
  return {};
}

Result<void> BudgetBook::Account::check_room(const Reservation& reservation, UtcMicros now) const {
  if (!max_budget) return {};
  if (currency != reservation.currency)
    return fail(ErrorCode::Forbidden,
                who(owner) + " budget is in " + currency + ", and the model's price in " +
                    reservation.currency,
                "Set budget_currency, or give the model a price in " + currency);
  const auto bound = checked_add(spent, reserved);
  const auto total = bound ? checked_add(*bound, reservation.amount) : std::nullopt;
  if (total && *total <= *max_budget) return {};
  const bool later = spent <= *max_budget - std::min(reservation.amount, *max_budget) &&
                     reservation.amount <= *max_budget;
  Error error{.code = ErrorCode::Busy,
              .message = "this request may cost up to " + nano_text(reservation.amount, currency) +
                         ", and " + who(owner) + " budget of " + nano_text(*max_budget, currency) +
                         " has " + nano_text(spent) + " spent and " + nano_text(reserved) +
                         " reserved",
              .hint = {},
              .field = "max_budget"};
  if (later) {
    error.hint = "Requests under way will give some of it back";
    error.retry_after_seconds = retry_reserved_seconds;
  } else if (period && reservation.amount <= *max_budget) {
    const std::int64_t seconds = (window.end - now) / micros_per_second + 1;
    error.retry_after_seconds =
        static_cast<int>(std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<int>::max()));
    error.hint = "The budget begins again at " + utc_text(window.end);
  } else {
    error.hint = "Ask for fewer tokens, or have the budget raised";
    error.retry_after_seconds = retry_never_seconds;
  }
  return std::unexpected(std::move(error));
}

Result<BudgetBook::Account> BudgetBook::lock_account(const std::string& owner, UtcMicros now) {
  TRY(
      database_->execute("INSERT INTO croft_budget (owner, spent, reserved, spent_ever,"
                         " window_start, window_end) VALUES (?1, 0, 0, 0, 0, 0)"
                         " ON CONFLICT (owner) DO NOTHING",
                         {owner}));
  Account account;
  account.owner = owner;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    account.spent = TRY(row.int64(0));
    account.reserved = TRY(row.int64(1));
    account.spent_ever = TRY(row.int64(2));
    account.window.start = TRY(row.int64(3));
    account.window.end = TRY(row.int64(4));
    return {};
  };
  TRY(database_->query(
      Sql("SELECT spent, reserved, spent_ever, window_start, window_end FROM croft_budget"
          " WHERE owner = ?1",
          "SELECT spent, reserved, spent_ever, window_start, window_end FROM croft_budget"
          " WHERE owner = ?1 FOR UPDATE"),
      {owner}, read_row));
  const RowReader limits = [&](const Row& row) -> Result<void> {
    if (!row.is_null(0)) account.max_budget = TRY(row.int64(0));
    account.currency = TRY(row.text(1));
    if (row.is_null(2)) return {};
    const std::string_view duration = TRY(row.text(2));
    account.period = TRY(parse_budget_period(duration));
    return {};
  };
  if (owner.starts_with("team-"))
    TRY(database_->query(
        "SELECT max_budget, budget_currency, budget_duration FROM croft_team WHERE id = ?1",
        {owner}, limits));
  else
    TRY(database_->query(
        "SELECT max_budget, budget_currency, budget_duration FROM croft_key WHERE id = ?1", {owner},
        limits));
  if (!account.period) return account;
  if (account.window.end == 0) {
    account.window = first_window(*account.period, now);
    return account;
  }
  const WindowStep step = step_window(*account.period, account.window, now);
  account.window = step.window;
  if (step.begins_again) account.spent = 0;
  return account;
}

Result<void> BudgetBook::store(const Account& account) {
  TRY(
      database_->execute("UPDATE croft_budget SET spent = ?2, reserved = ?3, spent_ever = ?4,"
                         " window_start = ?5, window_end = ?6 WHERE owner = ?1",
                         {account.owner, account.spent, account.reserved, account.spent_ever,
                          account.window.start, account.window.end}));
  return {};
}

Result<std::optional<BudgetBook::Entry>> BudgetBook::find_entry(const std::string& id) {
  std::optional<Entry> found;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    Entry entry;
    entry.state = TRY(row.text(0));
    entry.amount = TRY(row.int64(1));
    if (!row.is_null(2)) entry.actual = TRY(row.int64(2));
    entry.key_window = TRY(row.int64(3));
    entry.team_window = TRY(row.int64(4));
    found = std::move(entry);
    return {};
  };
  TRY(database_->query(
      "SELECT state, amount, actual, key_window, team_window FROM croft_reservation WHERE id = ?1",
      {id}, read_row));
  return found;
}

Result<void> BudgetBook::insert(const Reservation& reservation, const Accounts& accounts,
                                std::string_view state, std::optional<std::int64_t> actual,
                                UtcMicros now) {
  const auto window_of = [&](const std::string& owner) {
    const auto found = accounts.find(owner);
    return found == accounts.end() ? std::int64_t{0} : found->second.window.start;
  };
  const std::optional<UtcMicros> ended = actual ? std::optional(now) : std::nullopt;
  TRY(database_->execute(
      "INSERT INTO croft_reservation (id, request, server, key_owner,"
      " team_owner, amount, currency, state, actual, key_window, team_window,"
      " made, ended) VALUES"
      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      {reservation.id, reservation.request, server_, null_if_empty(reservation.key_owner),
       null_if_empty(reservation.team_owner), reservation.amount, reservation.currency, state,
       actual, window_of(reservation.key_owner), window_of(reservation.team_owner), now, ended}));
  return {};
}

Result<void> BudgetBook::end_entry(const std::string& id, std::string_view state,
                                   std::int64_t actual, UtcMicros now) {
  TRY(
      database_->execute("UPDATE croft_reservation SET state = ?2, actual = ?3, ended = ?4"
                         " WHERE id = ?1",
                         {id, state, actual, now}));
  return {};
}

Result<Result<void>> BudgetBook::reserve(const Reservation& reservation, Accounts& accounts,
                                         UtcMicros now) {
  const auto entry = TRY(find_entry(reservation.id));
  if (entry) {
    if (entry->state == "open" && entry->amount == reservation.amount) return Result<void>{};
    return Result<void>(
        fail(ErrorCode::InvalidArgument, "the reservation " + reservation.id + " ended already"));
  }
  std::vector<Account*> touched;
  for (const std::string* owner : {&reservation.key_owner, &reservation.team_owner}) {
    if (owner->empty()) continue;
    Account& account = accounts.find(*owner)->second;
    if (Result<void> room = account.check_room(reservation, now); !room) return room;
    if (!checked_add(account.reserved, reservation.amount))
      return Result<void>(fail(ErrorCode::TooLarge, "the reservation is too large to be counted"));
    touched.push_back(&account);
  }
  TRY(insert(reservation, accounts, "open", std::nullopt, now));
  for (Account* account : touched) account->reserved += reservation.amount;
  return Result<void>{};
}

Result<Result<void>> BudgetBook::settle(const BudgetOrder& order, Accounts& accounts,
                                        UtcMicros now) {
  const Reservation& reservation = order.reservation;
  const auto entry = TRY(find_entry(reservation.id));
  if (entry && entry->state == "settled" && entry->actual == order.actual) return Result<void>{};
  if (entry && entry->state != "open" && entry->state != "expired")
    return Result<void>(fail(ErrorCode::InvalidArgument, "the reservation " + reservation.id +
                                                             " was " + entry->state + " before"));
  for (const std::string* owner : {&reservation.key_owner, &reservation.team_owner}) {
    if (owner->empty()) continue;
    Account& account = accounts.find(*owner)->second;
    if (entry && entry->state == "expired") {
      const bool of_key = owner == &reservation.key_owner;
      TRY(account.correct(of_key ? entry->key_window : entry->team_window,
                          order.actual - entry->actual));
    } else {
      TRY(account.take(entry ? entry->amount : 0, order.actual));
    }
  }
  if (entry)
    TRY(end_entry(reservation.id, "settled", order.actual, now));
  else
    TRY(insert(reservation, accounts, "settled", order.actual, now));
  return Result<void>{};
}

Result<Result<void>> BudgetBook::release(const BudgetOrder& order, Accounts& accounts,
                                         UtcMicros now) {
  const Reservation& reservation = order.reservation;
  const auto entry = TRY(find_entry(reservation.id));
  if (!entry || entry->state == "released") return Result<void>{};
  if (entry->state == "settled")
    return Result<void>(fail(ErrorCode::InvalidArgument,
                             "the reservation " + reservation.id + " was settled before"));
  for (const std::string* owner : {&reservation.key_owner, &reservation.team_owner}) {
    if (owner->empty()) continue;
    Account& account = accounts.find(*owner)->second;
    if (entry->state == "expired") {
      const bool of_key = owner == &reservation.key_owner;
      TRY(account.correct(of_key ? entry->key_window : entry->team_window, -entry->actual));
    } else {
      TRY(account.take(entry->amount, 0));
    }
  }
  TRY(end_entry(reservation.id, "released", 0, now));
  return Result<void>{};
}

Result<Result<void>> BudgetBook::carry_out(const BudgetOrder& order, Accounts& accounts,
                                           UtcMicros now) {
  CHECK(order.reservation.amount >= 0 && order.actual >= 0);
  switch (order.deed) {
    case BudgetDeed::Reserve:
      return reserve(order.reservation, accounts, now);
    case BudgetDeed::Settle:
      return settle(order, accounts, now);
    case BudgetDeed::Release:
      return release(order, accounts, now);
  }
  CHECK(false);
}

Result<std::vector<Result<void>>> BudgetBook::apply(std::span<const BudgetOrder> orders,
                                                    UtcMicros now) {
  Transaction transaction = TRY(database_->begin());
  std::set<std::string> owners;
  for (const BudgetOrder& order : orders)
    for (const std::string* owner : {&order.reservation.key_owner, &order.reservation.team_owner})
      if (!owner->empty()) owners.insert(*owner);
  Accounts accounts;
  for (const std::string& owner : owners) {
    Account account = TRY(lock_account(owner, now));
    accounts.emplace(owner, std::move(account));
  }
  std::vector<Result<void>> results;
  results.reserve(orders.size());
  for (const BudgetOrder& order : orders) {
    Result<void> result = TRY(carry_out(order, accounts, now));
    results.push_back(std::move(result));
  }
  for (const auto& [owner, account] : accounts) TRY(store(account));
  TRY(transaction.commit());
  return results;
}

}  // namespace croft
