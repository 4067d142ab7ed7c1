#pragma once
/// What the ledger knows of reservations that a dead server left open.

#include <memory>

#include "store/access/budget_book.h"
#include "store/database/database.h"

namespace croft {

/// For BudgetKeeperOptions::known_cost: the cloud cost of the row that names the reservation, where
/// it is known. Needs a connection of its own; without a ledger it knows nothing.
[[nodiscard]] BudgetBook::KnownCost known_cost_from_ledger(std::shared_ptr<Database> database);

}  // namespace croft
