#include "server/accounting/usage_reader.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "store/ledger/ledger_time.h"

namespace croft {
namespace {

constexpr std::size_t waiting_max = 8;
constexpr std::string_view default_since = "30d";

Result<void> read_groupings(std::string_view list, UsageQuestion& question) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    question.groupings.push_back(TRY(parse_grouping(list.substr(0, comma))));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return {};
}

std::unexpected<Error> shutting_down() {
  return fail(ErrorCode::Cancelled, "the server is shutting down");
}

Error as_parameter(Error error, std::string_view name) {
  error.field = name;
  return error;
}

}  // namespace

Result<UsageQuestion> read_usage_query(std::string_view query, std::int64_t now_us) {
  UsageQuestion question;
  question.range.since_us = TRY(parse_ledger_time(default_since, now_us));
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decoded(pair.substr(0, equals));
    const std::string value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (name == "by") {
      TRY(read_groupings(value, question));
    } else if (name == "since" || name == "until") {
      const Result<std::int64_t> time = parse_ledger_time(value, now_us);
      if (!time) return std::unexpected(as_parameter(time.error(), name));
      (name == "since" ? question.range.since_us : question.range.until_us) = *time;
    } else {
      return fail(ErrorCode::InvalidArgument, "/v1/usage has no such parameter",
                  "It takes `since`, `until` and `by`", name.substr(0, 64));
    }
  }
  return question;
}

void limit_usage(const AccessTicket* ticket, UsageQuestion& question) {
  if (ticket == nullptr) return;
  switch (ticket->role()) {
    case KeyRole::Admin:
    case KeyRole::Operator:
      return;
    case KeyRole::User:
      question.key_id = ticket->key_id();
      return;
    case KeyRole::Viewer:
      question.team_id = ticket->team_id();
      return;
  }
}

void UsageReader::close() {
  std::jthread thread;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    thread = std::move(thread_);
  }
  thread.request_stop();
  wake_.notify_all();
  if (thread.joinable()) thread.join();
  std::deque<Waiting> left;
  {
    const MutexLock lock(mutex_);
    left.swap(waiting_);
  }
  for (const Waiting& one : left) one.done(shutting_down());
}

void UsageReader::ask(UsageQuestion question, Done done) {
  bool closed = false;
  {
    const MutexLock lock(mutex_);
    closed = closed_;
    if (!closed && waiting_.size() < waiting_max) {
      waiting_.push_back({std::move(question), std::move(done)});
      if (!thread_.joinable())
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
      wake_.notify_one();
      return;
    }
  }
  if (closed) return done(shutting_down());
  Error busy{.code = ErrorCode::Busy,
             .message = "too many ask for usage at the same time",
             .hint = "Try again in some seconds",
             .field = {},
             .retry_after_seconds = 2};
  done(std::unexpected(std::move(busy)));
}

void UsageReader::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Waiting next;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stop.stop_requested()) lock.wait(wake_);
      if (stop.stop_requested()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      next.done(answer(next.question, stop));
    } catch (const std::exception&) {
      next.done(fail(ErrorCode::Internal, "the usage could not be added up: out of memory"));
    }
  }
}

Result<json::object> UsageReader::answer(const UsageQuestion& question,
                                         const std::stop_token& stop) const {
  Database database = TRY(Database::open(database_));
  Result<Ledger> ledger = Ledger::open_for_reading(std::move(database));
  const auto wanted = [&](const LedgerRow& row) {
    return (question.key_id.empty() || row.key_id == question.key_id) &&
           (question.team_id.empty() || row.team == question.team_id);
  };
  LedgerSummary summary;
  summary.groups.resize(question.groupings.size());
  if (ledger)
    summary = TRY(summarise_ledger(
        *ledger, question.range, question.groupings,
        [&](std::int64_t, std::int64_t) { return !stop.stop_requested(); }, wanted));
  else if (ledger.error().code != ErrorCode::NotFound)  // no row was written yet
    return std::unexpected(ledger.error());
  json::object out = summary_json(summary, question.groupings);
  out["object"] = "usage";
  out["since"] = time_text(question.range.since_us);
  return out;
}

}  // namespace croft
