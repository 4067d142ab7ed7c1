#include "store/ledger/ledger_verify.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "store/ledger/chain_walk.h"
#include "store/ledger/ledger_sql.h"

namespace croft {
namespace {

constexpr std::int64_t page_rows = 1000;

class Verification {
 public:
  Verification(Database& database, const VerifyOptions& options, const LedgerProgress& progress)
      : database_(database), options_(options), progress_(progress) {}

  Result<VerifyReport> run() {
    if (database_.kind() == DatabaseKind::Sqlite) {
      TRY(check_pages());
      TRY(check_schema());
    }
    const bool has_head = TRY(read_head());
    TRY(walk(has_head));
    return std::move(report_);
  }

 private:
  void add(LedgerFinding finding) {
    ++report_.findings_count;
    if (report_.findings.size() < options_.findings_max)
      report_.findings.push_back(std::move(finding));
  }
  /// What a damaged file makes of a statement is a finding; the rest is an error of the moment.
  Result<bool> tolerate(const Result<void>& done, std::string_view where) {
    if (done) return true;
    const DatabaseFault fault = database_.fault();
    if (done.error().code == ErrorCode::Unavailable || done.error().code == ErrorCode::Cancelled ||
        fault == DatabaseFault::Locked || fault == DatabaseFault::Away)
      return std::unexpected(done.error());
    add({FindingKind::DamagedFile, 0, {}, std::string(where) + ": " + done.error().message});
    return false;
  }

  Result<void> check_pages() {
    const auto done =
        database_.query("PRAGMA integrity_check(50)", {}, [this](const Row& row) -> Result<void> {
          const std::string_view line = TRY(row.text(0));
          if (line != "ok")
            add({FindingKind::DamagedFile,
                 0,
                 {},
                 "SQLite's check of the file: " + std::string(line)});
          return {};
        });
    TRY(tolerate(done, "SQLite's check of the file"));
    return {};
  }

  using Schema = std::map<std::string, std::string>;
  static Result<Schema> schema_of(Database& database) {
    Schema schema;
    const auto done = database.query(
        "SELECT type || ' ' || name, coalesce(sql, '') || ' on ' || tbl_name FROM sqlite_master "
        "WHERE name LIKE 'croft_ledger%' OR tbl_name LIKE 'croft_ledger%'",
        {}, [&](const Row& row) -> Result<void> {
          const std::string_view name = TRY(row.text(0));
          schema[std::string(name)] = TRY(row.text(1));
          return {};
        });
    if (!done) return std::unexpected(done.error());
    return schema;
  }
  /// As this program makes it; the same in each run.
  static Result<Schema> make_schema() {
    Database fresh = TRY(Database::open(":memory:"));
    TRY(migrate(fresh, "ledger", ledger_sql::migrations));
    return schema_of(fresh);
  }
  Result<void> check_schema() {
    static const Result<Schema> made = make_schema();
    if (!made) return std::unexpected(made.error());
    const auto found = schema_of(database_);
    if (!found) {
      TRY(tolerate(std::unexpected(found.error()), "the schema"));
      return {};
    }
    for (const auto& [name, sql] : *made) {
      const auto same = found->find(name);
      if (same == found->end())
        add({FindingKind::ChangedSchema, 0, {}, "the " + name + " is missing"});
      else if (same->second != sql)
        add({FindingKind::ChangedSchema, 0, {}, "the " + name + " was changed"});
    }
    for (const auto& [name, sql] : *found)
      if (!made->contains(name))
        add({FindingKind::ChangedSchema, 0, {}, "the " + name + " does not belong to the ledger"});
    return {};
  }

  Result<bool> read_head() {
    int heads = 0;
    const auto done =
        database_.query(ledger_sql::read_head, {}, [&](const Row& row) -> Result<void> {
          ++heads;
          report_.ledger_id = TRY(row.text(0));
          report_.head_count = TRY(row.int64(1));
          const auto bytes = TRY(row.blob(2));
          report_.head_hash = TRY(hash_from_blob(bytes));
          return {};
        });
    const bool readable = TRY(tolerate(done, "the head"));
    if (readable && heads == 1) return true;
    add({FindingKind::MissingHead,
         0,
         {},
         "the ledger's head cannot be read: nobody can say how "
         "many rows there should be"});
    return false;
  }

  static std::optional<LedgerHash> hash_at(const Row& row, int column) {
    const auto bytes = row.blob(column);
    if (!bytes) return std::nullopt;
    const auto hash = hash_from_blob(*bytes);
    return hash ? std::optional(*hash) : std::nullopt;
  }

  void visit(const Row& row, ChainWalk& chain, std::int64_t seq) {
    constexpr int first = 2, hashes = first + static_cast<int>(ledger_column_count);
    const auto id = row.text(first);
    const auto version = row.int64(1);
    const auto values = ledger_values(row, first);
    std::optional<LedgerHash> content;
    // The version is part of the encoding: another one gives other bytes.
    if (values && version && *version == ledger_row_version)
      content = content_hash(encode_ledger_row(*values));
    chain.row(seq, id ? std::string(*id) : "", content, hash_at(row, hashes),
              hash_at(row, hashes + 1));
    if (options_.witness && options_.witness->count == seq) {
      witness_seen_ = true;
      if (!chain.may_end_with(options_.witness->hash))
        add({FindingKind::WrongWitness, seq, id ? std::string(*id) : "",
             "its chain hash is not the one that was given: this ledger is not the one of then"});
    }
  }

  Result<void> walk(bool has_head) {
    ChainWalk chain(genesis_hash(report_.ledger_id),
                    [this](LedgerFinding finding) { add(std::move(finding)); });
    // Without a head: as far as there are rows.
    const std::int64_t last =
        has_head ? report_.head_count : std::numeric_limits<std::int64_t>::max();
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    bool readable = true;
    while (readable && at < last) {
      std::int64_t rows = 0;
      const auto page = database_.query(ledger_sql::read_chain, {at, last, page_rows},
                                        [&](const Row& row) -> Result<void> {
                                          const std::int64_t seq = TRY(row.int64(0));
                                          at = seq;
                                          ++rows;
                                          visit(row, chain, seq);
                                          return {};
                                        });
      report_.rows += rows;
      readable = TRY(tolerate(page, "after row " + std::to_string(chain.last_seq())));
      if (progress_ && !progress_(std::min(report_.rows, last), has_head ? last : 0))
        return fail(ErrorCode::Cancelled, "verifying the ledger was stopped");
      if (rows < page_rows) break;
    }
    if (has_head) check_end(chain, readable);
    chain.finish(has_head ? std::optional(report_.head_hash) : std::nullopt);
    if (has_head && readable) TRY(check_behind());
    if (options_.witness && !witness_seen_ && options_.witness->count > 0)
      add({FindingKind::WrongWitness,
           options_.witness->count,
           {},
           "there were " + std::to_string(options_.witness->count) + " rows, now there are " +
               std::to_string(chain.last_seq())});
    return {};
  }

  void check_end(const ChainWalk& chain, bool readable) {
    const std::int64_t count = report_.head_count;
    if (chain.last_seq() < count)
      add({FindingKind::MissingRows,
           chain.last_seq() + 1,
           {},
           "the ledger is cut short: the head says " + std::to_string(count) +
               " rows, the last that can be read is " + std::to_string(chain.last_seq()) +
               (readable ? "" : " (the rest is damaged)")});
    else if (!chain.may_end_with(report_.head_hash))
      add({FindingKind::WrongHead,
           chain.last_seq(),
           {},
           "the head's hash is not that of the last row"});
  }

  /// Rows behind the head that are not just being appended.
  Result<void> check_behind() {
    std::optional<std::int64_t> last, count;
    const auto done = [&]() -> Result<void> {
      Transaction transaction = TRY(database_.begin(TransactionKind::Read));
      count = TRY(database_.query_int64("SELECT count FROM croft_ledger_head"));
      last = TRY(database_.query_int64(ledger_sql::last_row));
      return {};
    }();
    TRY(tolerate(done, "the last row"));
    if (done && last && count && *last > *count)
      add({FindingKind::ForeignRows,
           *last,
           {},
           "row " + std::to_string(*last) + " lies behind the head, which says " +
               std::to_string(*count) + " rows"});
    return {};
  }

  Database& database_;
  const VerifyOptions& options_;
  const LedgerProgress& progress_;
  VerifyReport report_;
  bool witness_seen_ = false;
};

}  // namespace

std::string_view finding_name(FindingKind kind) {
  switch (kind) {
    case FindingKind::DamagedFile:
      return "damaged_file";
    case FindingKind::ChangedSchema:
      return "changed_schema";
    case FindingKind::MissingHead:
      return "missing_head";
    case FindingKind::WrongHead:
      return "wrong_head";
    case FindingKind::MissingRows:
      return "missing_rows";
    case FindingKind::ForeignRows:
      return "foreign_rows";
    case FindingKind::UnreadableRow:
      return "unreadable_row";
    case FindingKind::ChangedContent:
      return "changed_content";
    case FindingKind::ChangedHash:
      return "changed_hash";
    case FindingKind::BrokenLink:
      return "broken_link";
    case FindingKind::MovedRow:
      return "moved_row";
    case FindingKind::WrongWitness:
      break;
  }
  return "wrong_witness";
}

Result<LedgerWitness> parse_witness(std::string_view text) {
  const std::size_t colon = text.find(':');
  LedgerWitness witness;
  const std::string_view count = text.substr(0, colon);
  const auto read = std::from_chars(count.data(), count.data() + count.size(), witness.count);
  if (colon == std::string_view::npos || read.ec != std::errc() ||
      read.ptr != count.data() + count.size() || witness.count < 0)
    return fail(ErrorCode::InvalidArgument, "this is not the head of a ledger",
                "Give it as `croft ledger verify` prints it: ROWS:HASH.", "head");
  witness.hash = TRY(hash_from_text(text.substr(colon + 1)));
  return witness;
}

Result<VerifyReport> verify_ledger(Database& database, const VerifyOptions& options,
                                   const LedgerProgress& progress) {
  return Verification(database, options, progress).run();
}

json::object verify_json(const VerifyReport& report) {
  json::array findings;
  for (const LedgerFinding& finding : report.findings) {
    json::object one{{"kind", finding_name(finding.kind)}, {"what", finding.what}};
    if (finding.seq != 0) one["seq"] = finding.seq;
    if (!finding.id.empty()) one["id"] = finding.id;
    findings.push_back(std::move(one));
  }
  return {{"sound", report.is_sound()},
          {"ledger_id", report.ledger_id},
          {"rows", report.rows},
          {"head", std::to_string(report.head_count) + ":" + hash_text(report.head_hash)},
          {"findings_count", report.findings_count},
          {"findings", std::move(findings)}};
}

}  // namespace croft
