#pragma once
/// The price list in use.

#include "base/error.h"
#include "cli/settings.h"
#include "store/prices/price_store.h"

namespace croft::cli {

/// The one in the database of --database; without that the built-in one.
Result<PriceList> active_prices(const Settings& settings);

}  // namespace croft::cli
