// Whatever bytes a journal or an encoded row holds: no crash, and what is accepted encodes to the
// same bytes again. Seeds are encoded rows: no fuzzer guesses a record's checksum.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "store/ledger/ledger_encoding.h"
#include "store/ledger/ledger_journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const JournalPiece piece = read_journal_piece(bytes, 100);
  CHECK(piece.bytes <= size && piece.rows.size() <= 100);
  const auto values = decode_ledger_row(bytes);
  if (!values) return 0;
  CHECK(encode_ledger_row(*values) == bytes);
  if (const auto row = ledger_row(*values)) {
    CHECK(encode_ledger_row(ledger_values(*row)) == bytes);
    std::string record;
    write_journal_record(record, *row);
    const JournalPiece again = read_journal_piece(record, 1);
    // Longer than any record of ours is allowed to be: it is not read.
    CHECK(again.rows.empty() || again.rows.front() == *row);
  }
  return 0;
}
