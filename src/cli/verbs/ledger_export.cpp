#include "store/ledger/ledger_export.h"

#include <optional>

#include "cli/terminal.h"
#include "cli/verbs/ledger_access.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"

namespace croft::cli {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

/// Standard output, or a file that appears when it is whole.
class ExportSink {
 public:
  static Result<ExportSink> open(const std::string& path) {
    ExportSink sink;
    if (!path.empty()) sink.file_ = TRY(AtomicFile::create(path));
    return sink;
  }
  Result<void> add(std::string_view text) {
    waiting_ += text;
    return waiting_.size() < piece_bytes ? Result<void>{} : write();
  }
  Result<void> finish() {
    TRY(write());
    if (file_) return file_->commit();
    return {};
  }

 private:
  Result<void> write() {
    const std::string piece = std::exchange(waiting_, {});
    if (piece.empty()) return {};
    // On a terminal, text from outside must not move the cursor; a pipe gets it byte for byte.
    if (!file_) return print(for_stdout(piece));
    return file_->write(std::as_bytes(std::span(piece)));
  }

  std::optional<AtomicFile> file_;
  std::string waiting_;
};

}  // namespace

Result<int> ledger_export_verb(const Settings& settings) {
  const bool csv = settings.text("format") == "csv";
  if (csv && settings.flag("json"))
    return fail(ErrorCode::InvalidArgument, "--json and --format csv contradict each other",
                "Give one of them.", "format");
  const LedgerRange range = TRY(ledger_range(settings));
  Database database = TRY(open_ledger_database(settings));
  Ledger ledger = TRY(Ledger::open_for_reading(std::move(database)));
  ExportSink sink = TRY(ExportSink::open(settings.text("out")));
  if (csv) TRY(sink.add(ledger_csv_head()));
  {
    LedgerProgressLine progress("exporting the ledger");
    const auto done = ledger.read(
        range,
        [&](const StoredLedgerRow& row) {
          return sink.add(csv ? ledger_csv_line(row) : ledger_json_line(row));
        },
        progress.callback());
    if (!done) return std::unexpected(done.error());
  }
  TRY(sink.finish());
  return 0;
}

}  // namespace croft::cli
