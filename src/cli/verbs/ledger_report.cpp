#include "cli/terminal.h"
#include "cli/verbs/ledger_access.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"
#include "store/ledger/ledger_time.h"
#include "store/ledger/report_page.h"

namespace croft::cli {

Result<int> ledger_report_verb(const Settings& settings) {
  const LedgerRange range = TRY(ledger_range(settings));
  Database database = TRY(open_ledger_database(settings));
  const auto names = TRY(owner_names(database));
  Ledger ledger = TRY(Ledger::open_for_reading(std::move(database)));
  const LedgerHead head = TRY(ledger.head());
  const std::string& path = settings.text("out");
  AtomicFile file = TRY(AtomicFile::create(path));  // before anybody waits for the reading
  LedgerSummary summary;
  {
    LedgerProgressLine progress("reading the ledger");
    summary = TRY(summarise_ledger(ledger, range, report_groupings, progress.callback()));
  }
  name_owners(names, report_groupings, summary);
  const std::string page = ledger_report(summary, head, utc_now_us());
  TRY(file.write(std::as_bytes(std::span(page))));
  TRY(file.commit());
  if (settings.flag("json"))
    TRY(print_line(json::serialize(
        json::object{{"file", valid_utf8(path)}, {"requests", summary.all.requests}})));
  else
    note("wrote " + path + " over " + std::to_string(summary.all.requests) + " requests");
  return 0;
}

}  // namespace croft::cli
