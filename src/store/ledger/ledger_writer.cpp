#include "store/ledger/ledger_writer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/ledger/ledger_time.h"

namespace croft {
namespace {

constexpr int journal_slots = 16;
constexpr int pieces_a_step = 4;  // of the journal, for each group that arrives meanwhile

}  // namespace

std::string_view ledger_state_name(LedgerState state) {
  switch (state) {
    case LedgerState::Degraded:
      return "degraded";
    case LedgerState::Failed:
      return "failed";
    case LedgerState::Ok:
      break;
  }
  return "ok";
}

Result<std::unique_ptr<LedgerWriter>> LedgerWriter::start(LedgerWriterOptions options) {
  std::unique_ptr<LedgerWriter> writer(new LedgerWriter(std::move(options)));
  writer->set_state(LedgerState::Ok, {});
  TRY(writer->open_journals());
  const auto opened = writer->open_ledger(true);
  if (!opened && opened.error().code != ErrorCode::Unavailable)
    return std::unexpected(opened.error());
  if (!opened) writer->database_failed(opened.error());
  writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

LedgerWriter::~LedgerWriter() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> LedgerWriter::open_journals() {
  std::optional<LedgerJournal> own;
  for (int slot = 0; slot < journal_slots; ++slot) {
    std::filesystem::path path = options_.journal;
    if (slot != 0) path += "." + std::to_string(slot);
    std::error_code ignored;
    if (own && !std::filesystem::exists(path, ignored)) continue;
    auto journal = LedgerJournal::open(path);
    if (!journal && journal.error().code == ErrorCode::Busy) continue;
    if (!journal) return std::unexpected(std::move(journal).error());
    if (!journal->damaged_copy().empty())
      log_error("ledger: " + path.string() + " held " + std::to_string(journal->damaged_count()) +
                " damaged rows, or the beginning of one; a copy is in " +
                journal->damaged_copy().string());
    if (!own)
      own = std::move(*journal);
    else if (journal->has_rows())
      journals_.push_back(std::move(*journal));
  }
  if (!own)
    return fail(ErrorCode::Busy,
                "all " + std::to_string(journal_slots) + " journals " + options_.journal.string() +
                    " are in use",
                "Is the same server running many times?");
  journals_.push_back(std::move(*own));
  settle_counts();
  return {};
}

Result<void> LedgerWriter::open_ledger(bool create) {
  DatabaseOptions connection = options_.connection;
  connection.create = create;  // a file that was deleted meanwhile must not come back empty
  auto database = TRY(Database::open(options_.database, connection));
  ledger_ = TRY(Ledger::open(std::move(database)));
  return {};
}

bool LedgerWriter::write(LedgerRow row) {
  {
    const MutexLock lock(mutex_);
    if (queue_.size() + rows_in_group_ >= options_.queue_rows_max) {
      ++status_.rows_refused;
      return false;
    }
    if (queue_.empty()) oldest_ = Clock::now();
    queue_.push_back(std::move(row));
    ++status_.rows_accepted;
    // The first row starts the wait for others, a full group ends it.
    if (queue_.size() != 1 && queue_.size() != options_.group_rows_max) return true;
  }
  work_.notify_one();
  return true;
}

bool LedgerWriter::accepting() const {
  const MutexLock lock(mutex_);
  return queue_.size() + rows_in_group_ < options_.queue_rows_max / 2;
}

LedgerStatus LedgerWriter::status() const {
  const MutexLock lock(mutex_);
  LedgerStatus status = status_;
  status.rows_queued = queue_.size() + rows_in_group_;
  if (status.rows_queued >= options_.queue_rows_max) {
    status.state = LedgerState::Failed;
    status.why = "the queue is full (" + std::to_string(status.rows_queued) + " rows)" +
                 (status.why.empty() ? "" : "; " + status.why);
  }
  return status;
}

Result<void> LedgerWriter::flush(std::chrono::milliseconds wait_max) {
  return wait_until(wait_max, false);
}
Result<void> LedgerWriter::flush_to_database(std::chrono::milliseconds wait_max) {
  return wait_until(wait_max, true);
}

Result<void> LedgerWriter::wait_until(std::chrono::milliseconds wait_max, bool in_database) {
  const auto deadline = Clock::now() + wait_max;
  MutexLock lock(mutex_);
  const std::uint64_t target = status_.rows_accepted;
  hurry_ = true;
  work_.notify_all();
  for (;;) {
    const std::uint64_t durable = status_.rows_accepted - queue_.size() - rows_in_group_;
    if (durable >= target && (!in_database || status_.rows_journaled == 0)) return {};
    hurry_ = true;
    if (!lock.wait_until(progress_, deadline) && Clock::now() >= deadline)
      return fail(ErrorCode::Timeout, std::to_string(queue_.size() + rows_in_group_) +
                                          " rows of the ledger wait in memory and " +
                                          std::to_string(status_.rows_journaled) +
                                          " in the journal" +
                                          (status_.why.empty() ? "" : ": " + status_.why));
  }
}

void LedgerWriter::set_state(LedgerState state, std::string why) {
  LedgerState before = LedgerState::Ok;
  {
    const MutexLock lock(mutex_);
    before = status_.state;
    if (before != state || status_.since_us == 0) status_.since_us = utc_now_us();
    status_.state = state;
    status_.why = why;
  }
  if (before == state) return;
  if (state == LedgerState::Ok)
    log_info("ledger: the database takes rows again");
  else
    log_warning("ledger " + std::string(ledger_state_name(state)) + ": " + why);
}

void LedgerWriter::database_failed(const Error& error) {
  const DatabaseFault fault = ledger_ ? ledger_->database().fault() : DatabaseFault::Away;
  // These pass by themselves with the connection that there is.
  if (fault != DatabaseFault::Away && fault != DatabaseFault::Locked &&
      fault != DatabaseFault::Full)
    ledger_.reset();
  retry_wait_ = std::clamp(retry_wait_ * 2, options_.retry_first, options_.retry_max);
  retry_at_ = Clock::now() + retry_wait_;
  database_why_ = error.to_string();
  {
    const MutexLock lock(mutex_);
    ++status_.failures;
  }
  // Rows that only memory has stay the worse news, whoever tries the database meanwhile.
  if (journal_why_.empty())
    set_state(LedgerState::Degraded, database_why_);
  else
    set_state(LedgerState::Failed, database_why_ + "; " + journal_why_);
}

Result<AppendResult> LedgerWriter::append(std::span<const LedgerRow> rows, Repeats repeats) {
  if (!ledger_) TRY(open_ledger(false));
  auto done = ledger_->append(rows, repeats);
  if (!done) return done;
  retry_wait_ = std::chrono::milliseconds(0);
  database_why_.clear();
  if (done->renamed != 0)
    log_warning("ledger: " + std::to_string(done->renamed) +
                " rows had the id of another row and got one of their own");
  const MutexLock lock(mutex_);
  ++status_.groups;
  status_.rows_written += static_cast<std::uint64_t>(done->appended);
  status_.rows_repeated += static_cast<std::uint64_t>(done->repeated);
  return done;
}

bool LedgerWriter::journals_have_rows() const {
  return journals_.size() > 1 || journals_.back().has_rows();
}

std::uint64_t LedgerWriter::journal_rows() const {
  std::uint64_t rows = 0;
  for (const LedgerJournal& journal : journals_) rows += journal.row_count();
  return rows;
}

bool LedgerWriter::rows_in_memory() const {
  const MutexLock lock(mutex_);
  return !group_.empty() || !queue_.empty();
}

void LedgerWriter::settle_counts() {
  const MutexLock lock(mutex_);
  status_.rows_journaled = journal_rows();
  rows_in_group_ = group_.size();
  progress_.notify_all();
}

void LedgerWriter::take_group() {
  {
    const MutexLock lock(mutex_);
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.group_rows_max));
    group_.assign(std::make_move_iterator(queue_.begin()),
                  std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    oldest_ = Clock::now();
    rows_in_group_ = group_.size();
  }
  for (LedgerRow& row : group_) make_storable(row);
}

bool LedgerWriter::write_group() {
  const auto done = append(group_, Repeats::Impossible);
  if (!done) {
    database_failed(done.error());
    return false;
  }
  group_.clear();
  journal_why_.clear();
  set_state(LedgerState::Ok, {});
  return true;
}

bool LedgerWriter::spill_group() {
  const auto done = journals_.back().append(group_);
  if (!done) {
    journal_why_ = done.error().to_string();
    set_state(LedgerState::Failed, database_why_ + "; " + journal_why_);
    retry_at_ = std::min(retry_at_, Clock::now() + options_.retry_max);
    return false;
  }
  {
    const MutexLock lock(mutex_);
    status_.rows_spilled += group_.size();
  }
  group_.clear();
  journal_why_.clear();
  // Without a reason: rows of an earlier time go first, and the database takes them.
  if (!database_why_.empty()) set_state(LedgerState::Degraded, database_why_);
  return true;
}

bool LedgerWriter::replay() {
  for (int i = 0; i < pieces_a_step && journals_have_rows(); ++i) {
    LedgerJournal& journal = journals_.front();
    auto rows = journal.next(options_.group_rows_max);
    if (!rows) {
      database_failed(rows.error());
      return false;
    }
    if (!rows->empty()) {
      const auto done = append(*rows, Repeats::Possible);
      if (!done) {
        database_failed(done.error());
        return false;
      }
    }
    journal.accept();
    if (journal.has_rows()) continue;
    if (const auto cleared = journal.clear(); !cleared) {
      database_failed(cleared.error());
      return false;
    }
    if (journals_.size() > 1) journals_.erase(journals_.begin());
  }
  if (!journals_have_rows()) set_state(LedgerState::Ok, {});
  return true;
}

/// One group and some of the journal. False: nothing can be done before retry_at_.
bool LedgerWriter::step() {
  if (group_.empty()) take_group();
  const auto may_try = [this] { return Clock::now() >= retry_at_; };
  bool stuck = false;
  if (!group_.empty()) {
    const bool in_order = !journals_have_rows();
    if (!(in_order && may_try() && write_group())) stuck = !spill_group();
  }
  settle_counts();
  if (journals_have_rows() && may_try() && replay()) stuck = stuck && !group_.empty();
  settle_counts();
  return !stuck;
}

bool LedgerWriter::wait_for_work(bool has_backlog) {
  MutexLock lock(mutex_);
  for (;;) {
    if (queue_.size() >= options_.group_rows_max && rows_in_group_ == 0) return true;
    if (stopping_) return !queue_.empty();
    std::optional<Clock::time_point> until;
    if (!queue_.empty() && rows_in_group_ == 0)
      until = hurry_ ? Clock::now() : oldest_ + options_.group_wait;
    if (has_backlog) until = std::min(until.value_or(retry_at_), retry_at_);
    if (until && *until <= Clock::now()) {
      hurry_ = false;
      return true;
    }
    if (until)
      lock.wait_until(work_, *until);
    else
      lock.wait(work_);
  }
}

void LedgerWriter::run() {
  for (;;) {
    if (!wait_for_work(!group_.empty() || journals_have_rows())) break;
    if (step()) continue;
    const MutexLock lock(mutex_);
    if (stopping_) break;
  }
  // The last try: a database that is back takes them now.
  retry_at_ = Clock::now();
  while (rows_in_memory() && step()) {
  }
  if (journals_have_rows() && Clock::now() >= retry_at_) replay();
  settle_counts();
  const MutexLock lock(mutex_);
  const std::size_t left = queue_.size() + group_.size();
  if (left != 0) log_error("ledger: " + std::to_string(left) + " rows are lost: " + status_.why);
}

}  // namespace croft
