#pragma once
/// Rows of the ledger for other programs: CSV (RFC 4180) and JSON lines.

#include <string>
#include <string_view>

#include "store/ledger/ledger.h"

namespace croft {

/// The names of the columns, with a line end.
[[nodiscard]] std::string ledger_csv_head();
/// One row with its number and hashes. Text that a spreadsheet would take for a formula (it begins
/// with = + - @, a tab or a line end) gets a ' in front; numbers stay numbers, what is not known is
/// empty.
[[nodiscard]] std::string ledger_csv_line(const StoredLedgerRow& row);
/// One object with a line end. Gates, features and attempts are JSON in it, not text; what is not
/// known is null.
[[nodiscard]] std::string ledger_json_line(const StoredLedgerRow& row);

}  // namespace croft
