#pragma once
/// Reads the whole ledger and says what does not agree: a changed byte and in which row, missing,
/// moved and foreign rows, a ledger cut short, a damaged database file.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "store/ledger/ledger.h"

namespace croft {

enum class FindingKind : std::uint8_t {
  DamagedFile,    ///< SQLite's own check of its pages
  ChangedSchema,  ///< tables, indexes or triggers are not as this program makes them
  MissingHead,
  WrongHead,  ///< head and last row disagree
  MissingRows,
  ForeignRows,     ///< rows where none can be: numbers below 1, behind the head
  UnreadableRow,   ///< a value of the wrong type
  ChangedContent,  ///< the fields are not those that the row was written with
  ChangedHash,     ///< a stored hash was changed, the row was not
  BrokenLink,      ///< the row does not follow the one before it
  MovedRow,        ///< it was written under another number
  WrongWitness,    ///< the ledger does not continue the one that an earlier verify saw
};
[[nodiscard]] std::string_view finding_name(FindingKind kind);  ///< "changed_content", ...

struct LedgerFinding {
  FindingKind kind = FindingKind::DamagedFile;
  std::int64_t seq = 0;  ///< of the row; 0: of no row
  std::string id;        ///< of the request, where it could be read
  std::string what;      ///< a sentence
};

/// What an earlier verify printed: number of rows, and the hash of the last.
struct LedgerWitness {
  std::int64_t count = 0;
  LedgerHash hash{};
};
/// "1200:HASH". Errors: InvalidArgument.
Result<LedgerWitness> parse_witness(std::string_view text);

struct VerifyOptions {
  std::optional<LedgerWitness> witness = {};
  std::size_t findings_max = 100;  ///< more are counted only
};

struct VerifyReport {
  std::string ledger_id;
  std::int64_t rows = 0;  ///< read
  std::int64_t head_count = 0;
  LedgerHash head_hash{};
  std::vector<LedgerFinding> findings;
  std::size_t findings_count = 0;

  [[nodiscard]] bool is_sound() const { return findings_count == 0; }
};

/// Constant memory. Rows that are appended meanwhile are left out. Errors: Cancelled; Unavailable;
/// as of Database. What is wrong with the ledger is a finding, no error.
Result<VerifyReport> verify_ledger(Database& database, const VerifyOptions& options = {},
                                   const LedgerProgress& progress = {});

[[nodiscard]] json::object verify_json(const VerifyReport& report);

}  // namespace croft
