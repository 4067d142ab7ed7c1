#include "store/ledger/ledger_verify.h"

#include "cli/terminal.h"
#include "cli/verbs/ledger_access.h"
#include "cli/verbs/verbs.h"
#include "store/database/migrate.h"

namespace croft::cli {
namespace {

std::string verify_text(const VerifyReport& report) {
  std::string text;
  for (const LedgerFinding& finding : report.findings) {
    if (finding.seq != 0) text += "row " + std::to_string(finding.seq);
    if (!finding.id.empty()) text += " (" + finding.id + ")";
    text += (finding.seq != 0 ? ": " : "") + finding.what + "\n";
  }
  if (report.findings_count > report.findings.size())
    text += "... and " + std::to_string(report.findings_count - report.findings.size()) + " more\n";
  const std::string rows = std::to_string(report.rows);
  text += report.is_sound() ? "sound: " + rows + " rows follow each other without a change\n"
                            : "NOT SOUND: " + std::to_string(report.findings_count) +
                                  (report.findings_count == 1 ? " finding" : " findings") + " in " +
                                  rows + " rows\n";
  text += "ledger " + report.ledger_id + "\nhead " + std::to_string(report.head_count) + ":" +
          hash_text(report.head_hash) + "\n";
  return text;
}

}  // namespace

Result<int> ledger_verify_verb(const Settings& settings) {
  VerifyOptions options;
  if (settings.has_value("head") && !settings.text("head").empty())
    options.witness = TRY(parse_witness(settings.text("head")));
  Database database = TRY(open_ledger_database(settings));
  const int version = TRY(schema_version(database, "ledger"));
  if (version == 0)
    return fail(ErrorCode::NotFound, "there is no ledger in the database " + database.shown(),
                "`croft serve --database` makes one.");
  VerifyReport report;
  {
    LedgerProgressLine progress("verifying the ledger");
    report = TRY(verify_ledger(database, options, progress.callback()));
  }
  if (settings.flag("json"))
    TRY(print_line(json::serialize(verify_json(report))));
  else
    TRY(print(escape_controls(verify_text(report))));
  return report.is_sound() ? 0 : traits(ErrorCode::Corrupt).exit_code;
}

}  // namespace croft::cli
