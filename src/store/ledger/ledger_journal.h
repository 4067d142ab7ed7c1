#pragma once
/// Rows that wait on the disk because the database does not take them: an append-only file of
/// checksummed records, beside the database.
///
/// File: "croft-ledger-rows-1\n", then records: length (4 bytes), XXH3 of the row (8 bytes), the
/// row as encode_ledger_row writes it; numbers with the highest byte first.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/ledger/ledger_row.h"

namespace croft {

/// What a piece of a journal holds.
struct JournalPiece {
  std::vector<LedgerRow> rows;
  std::size_t bytes = 0;    ///< read; what follows is the beginning of a record, or no record
  std::size_t damaged = 0;  ///< records among them whose checksum or form is wrong
};
/// Reads at most `rows_max` records from the beginning of `bytes`.
[[nodiscard]] JournalPiece read_journal_piece(std::string_view bytes, std::size_t rows_max);
/// Appends one record.
void write_journal_record(std::string& out, const LedgerRow& row);

/// One writer's journal, locked against other processes while it is open. Threads: one at a time.
class LedgerJournal {
 public:
  /// Makes the file where there is none. The end of a record that a crash cut off is taken away, as
  /// are damaged ones; where anything was, a copy of the file stays as FILE.damaged-N. Errors: Busy
  /// (another process has it); Corrupt (another kind of file); Io.
  static Result<LedgerJournal> open(const std::filesystem::path& path);

  LedgerJournal(LedgerJournal&& other) noexcept;
  LedgerJournal& operator=(LedgerJournal&& other) noexcept;
  ~LedgerJournal();

  /// On the disk when it returns; after an error the journal is as it was. Errors: Io.
  Result<void> append(std::span<const LedgerRow> rows);
  /// The next rows that were not read yet; none at the end. Errors: Io.
  Result<std::vector<LedgerRow>> next(std::size_t rows_max);
  /// What next() gave last is in the database: it will not come again before a restart.
  void accept();
  /// All rows were accepted: the file is emptied. Errors: Io.
  Result<void> clear();

  [[nodiscard]] bool has_rows() const { return read_ < end_; }
  [[nodiscard]] std::size_t row_count() const { return rows_; }  ///< that still wait
  [[nodiscard]] std::size_t damaged_count() const { return damaged_; }
  [[nodiscard]] const std::filesystem::path& damaged_copy() const { return damaged_copy_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  LedgerJournal(std::filesystem::path path, int descriptor);
  Result<void> scan();
  Result<void> keep_damaged_copy();
  Result<void> cut_to(std::uint64_t size);
  Result<std::string> read_at(std::uint64_t offset);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t read_ = 0;       ///< bytes before it are in the database
  std::uint64_t read_next_ = 0;  ///< where next() came to
  std::uint64_t end_ = 0;
  std::size_t rows_ = 0;
  std::size_t rows_next_ = 0;
  std::size_t damaged_ = 0;
  std::filesystem::path damaged_copy_;
};

}  // namespace croft
