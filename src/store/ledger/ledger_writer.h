#pragma once
/// Takes rows from request threads and brings them into the ledger in groups, on a thread of its
/// own: nobody waits for a disk.
///
/// While the database does not take rows, they go to a journal on the disk (ledger_journal.h) and
/// from there, in their order, into the database when it is back: at once, then after waits that
/// double up to 5 s, and at the next start. Journals that dead processes left are brought in, too.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "store/ledger/ledger.h"
#include "store/ledger/ledger_journal.h"

namespace croft {

enum class LedgerState : std::uint8_t {
  Ok,
  Degraded,  ///< the database does not take rows; they are safe in the journal
  Failed,    ///< neither does the journal, or the queue is full: rows are in memory only
};
[[nodiscard]] std::string_view ledger_state_name(LedgerState state);  ///< "ok", "degraded", ...

struct LedgerStatus {
  LedgerState state = LedgerState::Ok;
  std::string why;                   ///< of Degraded and Failed: a sentence
  std::int64_t since_us = 0;         ///< when this state began: UTC, microseconds since 1970
  std::uint64_t rows_queued = 0;     ///< in memory
  std::uint64_t rows_journaled = 0;  ///< in the journal
  // Counted from the start:
  std::uint64_t rows_accepted = 0;
  std::uint64_t rows_written = 0;   ///< into the database
  std::uint64_t rows_repeated = 0;  ///< found to be there already
  std::uint64_t rows_spilled = 0;   ///< into the journal
  std::uint64_t rows_refused = 0;   ///< by write(), because the queue was full: these are lost
  std::uint64_t groups = 0;         ///< transactions
  std::uint64_t failures = 0;       ///< tries that the database refused
};

struct LedgerWriterOptions {
  std::string database;           ///< address (database_address.h)
  std::filesystem::path journal;  ///< "FILE" and, beside other processes, "FILE.1" to "FILE.15"
  std::size_t queue_rows_max = 32'768;
  std::size_t group_rows_max = 512;
  std::chrono::milliseconds group_wait{20};
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_max{5000};
  /// Short waits: the queue grows meanwhile.
  DatabaseOptions connection{.lock_wait = std::chrono::milliseconds(2000),
                             .connect_wait = std::chrono::milliseconds(2000),
                             .answer_wait = std::chrono::milliseconds(10'000)};
};

class LedgerWriter {
 public:
  /// A PostgreSQL that is away, or a lock, is no error: it starts Degraded. Errors: as of
  /// Ledger::open and LedgerJournal::open.
  static Result<std::unique_ptr<LedgerWriter>> start(LedgerWriterOptions options);
  /// What is queued goes into the database or the journal first.
  ~LedgerWriter();

  /// Any thread. Never waits. False, and counted, where the queue is full: a server looks at
  /// accepting() before it takes a request.
  bool write(LedgerRow row);
  /// Whether there is room for the rows of more requests: the queue is less than half full.
  [[nodiscard]] bool accepting() const;
  /// Waits until all rows written before are in the database or the journal. Errors: Timeout.
  Result<void> flush(std::chrono::milliseconds wait_max);
  /// As flush, but in the database.
  Result<void> flush_to_database(std::chrono::milliseconds wait_max);
  [[nodiscard]] LedgerStatus status() const;

 private:
  using Clock = std::chrono::steady_clock;
  explicit LedgerWriter(LedgerWriterOptions options) : options_(std::move(options)) {}
  Result<void> open_journals();
  Result<void> open_ledger(bool create);

  void run();
  /// Waits for a group to be worth writing, or for the next try. False: everything is done.
  bool wait_for_work(bool has_backlog);
  void take_group();
  bool step();
  bool write_group();
  bool spill_group();
  bool replay();
  Result<AppendResult> append(std::span<const LedgerRow> rows, Repeats repeats);
  void set_state(LedgerState state, std::string why);
  void database_failed(const Error& error);
  [[nodiscard]] bool journals_have_rows() const;
  [[nodiscard]] std::uint64_t journal_rows() const;
  [[nodiscard]] bool rows_in_memory() const;
  void settle_counts();
  Result<void> wait_until(std::chrono::milliseconds wait_max, bool in_database);

  const LedgerWriterOptions options_;

  // Of the writer's thread.
  std::optional<Ledger> ledger_;
  std::vector<LedgerJournal> journals_;  ///< the last one is ours, the others were left by the dead
  std::vector<LedgerRow> group_;         ///< on its way
  Clock::time_point retry_at_{};
  std::chrono::milliseconds retry_wait_{0};
  std::string database_why_;
  std::string journal_why_;  ///< while the journal does not take the group

  mutable Mutex mutex_;
  std::condition_variable_any work_;      ///< for the writer
  std::condition_variable_any progress_;  ///< for flush
  std::deque<LedgerRow> queue_ GUARDED_BY(mutex_);
  Clock::time_point oldest_ GUARDED_BY(mutex_);
  std::size_t rows_in_group_ GUARDED_BY(mutex_) = 0;
  bool hurry_ GUARDED_BY(mutex_) = false;  ///< somebody waits in flush
  bool stopping_ GUARDED_BY(mutex_) = false;
  LedgerStatus status_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace croft
