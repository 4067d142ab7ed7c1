#pragma once
/// What budget_book.cpp and budget_repair.cpp share: an account and a reservation as they are in
/// the database.

#include "store/access/budget_book.h"

namespace croft {

struct BudgetBook::Account {
  std::string owner;
  std::optional<std::int64_t> max_budget = {};
  std::string currency = {};
  std::optional<BudgetPeriod> period = {};
  std::int64_t spent = 0;  ///< in the window
  std::int64_t reserved = 0;
  std::int64_t spent_ever = 0;
  BudgetWindow window = {};

  /// Ends a reservation: out of what is reserved, into what is spent.
  Result<void> take(std::int64_t from_reserved, std::int64_t to_spent);
  /// Puts right what repair() charged in the window that began at `window_of_entry`.
  Result<void> correct(std::int64_t window_of_entry, std::int64_t by);
  Result<void> check_room(const Reservation& reservation, UtcMicros now) const;
};

struct BudgetBook::Entry {
  std::string state;  ///< open, settled, released, expired (charged by repair())
  std::int64_t amount = 0;
  std::int64_t actual = 0;
  std::int64_t key_window = 0;
  std::int64_t team_window = 0;
};

}  // namespace croft
