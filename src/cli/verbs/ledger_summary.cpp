#include "store/ledger/ledger_summary.h"

#include "cli/terminal.h"
#include "cli/verbs/ledger_access.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {

Result<int> ledger_summary_verb(const Settings& settings) {
  const LedgerRange range = TRY(ledger_range(settings));
  std::vector<LedgerGrouping> groupings;
  for (const std::string& name : settings.list("by"))
    groupings.push_back(TRY(parse_grouping(name)));
  Database database = TRY(open_ledger_database(settings));
  const auto names = TRY(owner_names(database));
  Ledger ledger = TRY(Ledger::open_for_reading(std::move(database)));
  LedgerSummary summary;
  {
    LedgerProgressLine progress("reading the ledger");
    summary = TRY(summarise_ledger(ledger, range, groupings, progress.callback()));
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(summary_json(summary, groupings))));
    return 0;
  }
  name_owners(names, groupings, summary);
  TRY(print(escape_controls(summary_text(summary, groupings))));
  return 0;
}

}  // namespace croft::cli
