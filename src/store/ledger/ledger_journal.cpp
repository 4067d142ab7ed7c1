#include "store/ledger/ledger_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "io/digest.h"
#include "store/ledger/ledger_encoding.h"

namespace croft {
namespace {

constexpr std::string_view magic = "croft-ledger-rows-1\n";
constexpr std::size_t header_bytes = 12;
// Three JSON texts of 64 KiB and seventeen of 1 KiB at most (make_storable).
constexpr std::size_t record_bytes_max = 512 * limits::KiB;
constexpr std::size_t piece_bytes = 4 * limits::MiB;
constexpr int copies_max = 100;

std::uint64_t number_at(std::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(offset, size))
    value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

void put(std::string& out, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xFF);
}

std::optional<LedgerRow> row_of(std::string_view record) {
  const auto values = decode_ledger_row(record);
  if (!values) return std::nullopt;
  auto row = ledger_row(*values);
  if (!row) return std::nullopt;
  return std::move(*row);
}

std::unexpected<Error> io_error(const std::filesystem::path& path, std::string_view what) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return fail(ErrorCode::Io,
              "cannot " + std::string(what) + " " + path.string() + ": " +
                  (full ? "the disk is full" : std::strerror(number)),
              full ? "Free space on that disk." : "");
}

}  // namespace

JournalPiece read_journal_piece(std::string_view bytes, std::size_t rows_max) {
  JournalPiece piece;
  while (piece.rows.size() < rows_max) {
    const std::string_view rest = bytes.substr(piece.bytes);
    if (rest.size() < header_bytes) break;
    const std::size_t length = number_at(rest, 0, 4);
    if (length > record_bytes_max || length > rest.size() - header_bytes) break;
    const std::string_view record = rest.substr(header_bytes, length);
    piece.bytes += header_bytes + length;
    std::optional<LedgerRow> row;
    if (xxh3_64(std::as_bytes(std::span(record))) == number_at(rest, 4, 8)) row = row_of(record);
    if (row)
      piece.rows.push_back(std::move(*row));
    else
      ++piece.damaged;
  }
  return piece;
}

void write_journal_record(std::string& out, const LedgerRow& row) {
  const std::string record = encode_ledger_row(ledger_values(row));
  put(out, record.size(), 4);
  put(out, xxh3_64(std::as_bytes(std::span(record))), 8);
  out += record;
}

LedgerJournal::LedgerJournal(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

LedgerJournal::LedgerJournal(LedgerJournal&& other) noexcept {
  *this = std::move(other);
}

LedgerJournal& LedgerJournal::operator=(LedgerJournal&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  read_ = other.read_;
  read_next_ = other.read_next_;
  end_ = other.end_;
  rows_ = other.rows_;
  rows_next_ = other.rows_next_;
  damaged_ = other.damaged_;
  damaged_copy_ = other.damaged_copy_;
  return *this;
}

LedgerJournal::~LedgerJournal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<LedgerJournal> LedgerJournal::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return io_error(path, "open");
  LedgerJournal journal(path, descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::Busy, "another process has " + path.string() + " open");
  TRY(journal.scan());
  return journal;
}

Result<void> LedgerJournal::scan() {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) return io_error(path_, "read");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < magic.size()) {
    // New, or cut off before its first row.
    TRY(cut_to(0));
    if (::pwrite(descriptor_, magic.data(), magic.size(), 0) !=
            static_cast<ssize_t>(magic.size()) ||
        ::fsync(descriptor_) != 0)
      return io_error(path_, "write");
    read_ = read_next_ = end_ = magic.size();
    return {};
  }
  const std::string head = TRY(read_at(0));
  if (!head.starts_with(magic))
    return fail(ErrorCode::Corrupt, path_.string() + " is not a file of waiting ledger rows",
                "Move it away.");
  end_ = magic.size();
  for (;;) {
    const std::string bytes = TRY(read_at(end_));
    const JournalPiece piece = read_journal_piece(bytes, SIZE_MAX);
    rows_ += piece.rows.size();
    damaged_ += piece.damaged;
    end_ += piece.bytes;
    if (piece.bytes == 0) break;
  }
  read_ = read_next_ = magic.size();
  if (end_ < size || damaged_ != 0) TRY(keep_damaged_copy());
  if (end_ < size) TRY(cut_to(end_));
  return {};
}

Result<void> LedgerJournal::keep_damaged_copy() {
  for (int number = 1; number <= copies_max; ++number) {
    damaged_copy_ = path_.string() + ".damaged-" + std::to_string(number);
    std::error_code problem;
    if (std::filesystem::exists(damaged_copy_, problem)) continue;
    if (std::filesystem::copy_file(path_, damaged_copy_, problem)) return {};
    return fail(ErrorCode::Io,
                "cannot keep a copy of the damaged " + path_.string() + ": " + problem.message());
  }
  return fail(ErrorCode::Io, "there are too many copies of the damaged " + path_.string(),
              "Look at them, then delete them.");
}

Result<void> LedgerJournal::cut_to(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0 || ::fsync(descriptor_) != 0)
    return io_error(path_, "shorten");
  return {};
}

Result<std::string> LedgerJournal::read_at(std::uint64_t offset) {
  std::string bytes(piece_bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::pread(descriptor_, bytes.data() + filled, bytes.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error(path_, "read");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> LedgerJournal::append(std::span<const LedgerRow> rows) {
  std::string bytes;
  for (const LedgerRow& row : rows) write_journal_record(bytes, row);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data() + written, bytes.size() - written,
                                   static_cast<off_t>(end_ + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  if (written < bytes.size() || ::fdatasync(descriptor_) != 0) {
    auto error = io_error(path_, "write");
    // Half a record is written over by the next try, or taken away by the next scan.
    std::ignore = ::ftruncate(descriptor_, static_cast<off_t>(end_));
    return error;
  }
  end_ += bytes.size();
  rows_ += rows.size();
  return {};
}

Result<std::vector<LedgerRow>> LedgerJournal::next(std::size_t rows_max) {
  const std::string bytes = TRY(read_at(read_));
  JournalPiece piece = read_journal_piece(bytes, rows_max);
  if (piece.bytes == 0 && has_rows())
    return fail(ErrorCode::Corrupt, path_.string() + " was changed by somebody else");
  read_next_ = read_ + piece.bytes;
  rows_next_ = piece.rows.size();
  return std::move(piece.rows);
}

void LedgerJournal::accept() {
  read_ = read_next_;
  rows_ -= std::min(rows_, std::exchange(rows_next_, 0));
}

Result<void> LedgerJournal::clear() {
  TRY(cut_to(magic.size()));
  read_ = read_next_ = end_ = magic.size();
  rows_ = rows_next_ = 0;
  return {};
}

}  // namespace croft
