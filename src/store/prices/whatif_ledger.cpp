#include "store/prices/whatif_ledger.h"

#include "store/ledger/ledger_columns.h"

namespace croft {

Result<LedgerWork> read_whatif_ledger(Ledger& ledger, const LedgerRange& range,
                                      const PriceList& list, std::string_view provider,
                                      std::string_view model, const LedgerProgress& progress) {
  LedgerWork found;
  const auto visit = [&](const StoredLedgerRow& stored) -> Result<void> {
    const LedgerRow row = TRY(ledger_row(stored.values));
    // A cloud's cache would not hold what this machine's did: only what a cloud said is counted.
    const bool local = row.provider == ledger_local_provider;
    const dialects::Usage usage{.prompt_tokens = row.prompt_tokens,
                                .cached_tokens = local ? std::nullopt : row.cached_tokens,
                                .cache_write_tokens = local ? std::nullopt : row.cache_write_tokens,
                                .completion_tokens = row.completion_tokens};
    const Result<std::optional<BilledTokens>> tokens = billed_tokens(usage);
    if (!tokens || !*tokens) {
      ++found.uncounted;
      return {};
    }
    return found.work.add(**tokens, 1, list, provider, model);
  };
  TRY(ledger.read(range, visit, progress));
  return found;
}

}  // namespace croft
