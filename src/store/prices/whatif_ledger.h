#pragma once
/// Requests for a projection, from the ledger: what was really asked, wherever it was answered.

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "store/ledger/ledger.h"
#include "store/prices/whatif.h"

namespace croft {

struct LedgerWork {
  WhatifWork work;
  std::uint64_t uncounted = 0;  ///< rows without token counts: nobody can say what they cost
};

/// The rows of `range` whose tokens are known. Errors: as Ledger::read(); as WhatifWork::add().
Result<LedgerWork> read_whatif_ledger(Ledger& ledger, const LedgerRange& range,
                                      const PriceList& list, std::string_view provider,
                                      std::string_view model, const LedgerProgress& progress);

}  // namespace croft
