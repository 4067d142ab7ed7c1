#include "store/access/known_cost.h"

#include <utility>

#include "store/database/migrate.h"

namespace croft {

BudgetBook::KnownCost known_cost_from_ledger(std::shared_ptr<Database> database) {
  return [database = std::move(database)](
             const Reservation& reservation) -> Result<std::optional<std::int64_t>> {
    const int version = TRY(schema_version(*database, "ledger"));
    if (version == 0) return std::optional<std::int64_t>{};
    return database->query_int64(
        "SELECT cloud_cost_nano FROM croft_ledger WHERE reservation = ?1 AND"
        " cloud_cost_state IN ('known', 'estimated') AND currency = ?2 ORDER BY seq LIMIT 1",
        {reservation.id, reservation.currency});
  };
}

}  // namespace croft
