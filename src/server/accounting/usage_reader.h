#pragma once
/// GET /v1/usage: the ledger added up for whoever asks, of what that caller may see. Reading a long
/// ledger takes seconds, so it is done on a thread of its own, one question at a time.

#include <condition_variable>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/mutex.h"
#include "server/http.h"
#include "server/limits/access_control.h"
#include "store/ledger/ledger_summary.h"

namespace croft {

struct UsageQuestion {
  LedgerRange range;
  std::vector<LedgerGrouping> groupings;
  /// Empty: everybody's. Else rows of this key or this team only.
  std::string key_id;
  std::string team_id;
};

/// `query`: "since=7d&until=2026-01-31&by=day,model", as in the URL. Errors: InvalidArgument (what
/// is not one of these three, a time, a grouping), with the parameter's name.
Result<UsageQuestion> read_usage_query(std::string_view query, std::int64_t now_us);
/// What the caller may see: admins and operators all; a user what its key used; a viewer what its
/// team used, or all where it has none. Null: nobody checks keys.
void limit_usage(const AccessTicket* ticket, UsageQuestion& question);

/// Safe from any thread.
class UsageReader {
 public:
  using Done = std::function<void(Result<json::object>)>;

  /// `database`: as `--database` has it.
  explicit UsageReader(std::string database) : database_(std::move(database)) {}
  ~UsageReader() { close(); }
  UsageReader(const UsageReader&) = delete;
  UsageReader& operator=(const UsageReader&) = delete;

  /// `done` is called on the reader's thread, or at once where too many wait (Busy). Errors: as of
  /// Ledger.
  void ask(UsageQuestion question, Done done);
  /// Every `done` that is left is called with Cancelled before it returns, also of what is asked
  /// later.
  void close();

 private:
  struct Waiting {
    UsageQuestion question;
    Done done;
  };
  void work(const std::stop_token& stop);
  [[nodiscard]] Result<json::object> answer(const UsageQuestion& question,
                                            const std::stop_token& stop) const;

  const std::string database_;
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  std::jthread thread_ GUARDED_BY(mutex_);  ///< begins with the first question
};

}  // namespace croft
