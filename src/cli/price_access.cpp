#include "cli/price_access.h"

#include "cli/database_access.h"

namespace croft::cli {

Result<PriceList> active_prices(const Settings& settings) {
  std::optional<Database> database = TRY(open_database_if_there(settings));
  if (!database) return PriceList::built_in();
  PriceStore store = TRY(PriceStore::open(*database));
  return store.active();
}

}  // namespace croft::cli
