#include "router/trace/otlp_exporter.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "router/trace/genai_spans.h"
#include "router/trace/otlp_json.h"

namespace croft {
namespace {

constexpr std::uint64_t answer_bytes_max = 64 * limits::KiB;
constexpr std::chrono::minutes retry_after_max{10};
constexpr std::chrono::milliseconds shutdown_pause{200};
constexpr std::chrono::minutes report_every{1};

std::optional<std::chrono::seconds> retry_after(const HttpHeaders& headers) {
  const auto found = headers.find("retry-after");
  if (found == headers.end()) return std::nullopt;
  const std::string& text = found->second;
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // A date is allowed there too; our own pauses do as well.
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), retry_after_max);
}

std::uint64_t lost_of(const OtlpCounts& counts) {
  return counts.dropped + counts.failed + counts.rejected;
}

}  // namespace

struct OtlpExporter::Answer {
  int status = 0;
  std::string body = {};
  std::optional<std::chrono::seconds> retry_after = {};
  std::optional<Error> error = {};

  [[nodiscard]] bool accepted() const { return !error && status >= 200 && status < 300; }
  /// Source: docs/specification.md of opentelemetry-proto, "Retryable Response Codes".
  [[nodiscard]] bool worth_a_retry() const {
    if (error) return error->code == ErrorCode::Io || error->code == ErrorCode::Timeout;
    return status == 429 || status == 502 || status == 503 || status == 504;
  }
};

/// Gathers one answer on the transfers' thread.
class OtlpExporter::Reply final : public TransferListener {
 public:
  void on_head(int status, const HttpHeaders& headers) override {
    answer_.status = status;
    answer_.retry_after = croft::retry_after(headers);
  }
  void on_body(std::string_view bytes) override { answer_.body += bytes; }
  void on_end(const TransferEnd& end) override {
    answer_.error = end.error;
    promise_.set_value(std::move(answer_));
  }
  std::future<Answer> future() { return promise_.get_future(); }

 private:
  Answer answer_;
  std::promise<Answer> promise_;
};

Result<std::unique_ptr<OtlpExporter>> OtlpExporter::make(OtlpOptions options,
                                                         HttpTransfers& transfers) {
  OtlpOptions checked = TRY(check_otlp_options(std::move(options)));
  return std::unique_ptr<OtlpExporter>(new OtlpExporter(std::move(checked), transfers));
}

OtlpExporter::OtlpExporter(OtlpOptions options, HttpTransfers& transfers)
    : options_(std::move(options)), transfers_(transfers), thread_([this] { run(); }) {}

OtlpExporter::~OtlpExporter() {
  shutdown(std::chrono::milliseconds(0));
}

void OtlpExporter::record(RouteTrace trace) {
  if (!trace.context.sampled) return;
  const std::size_t spans = span_count(trace);
  const MutexLock lock(mutex_);
  counts_.recorded += spans;
  if (stopping_ || counts_.queued + spans > options_.queue_spans_max) {
    counts_.dropped += spans;
    return;
  }
  const std::size_t before = counts_.queued;
  counts_.queued += spans;
  queue_.push_back(std::move(trace));
  // Two events matter to the thread; waking it for each record would cost more than the record.
  const std::size_t full = options_.batch_spans_max;
  if (before == 0 || (before < full && counts_.queued >= full)) wake_.notify_one();
}

OtlpCounts OtlpExporter::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

void OtlpExporter::shutdown(std::chrono::milliseconds within) {
  if (!thread_.joinable()) return;
  const auto deadline = Clock::now() + within;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
    while (!ended_ && Clock::now() < deadline) lock.wait_until(over_, deadline);
    abandoned_ = true;
    if (in_flight_) transfers_.cancel(*in_flight_);
    wake_.notify_one();
  }
  thread_.join();
}

void OtlpExporter::run() {
  while (true) {
    const std::vector<RouteTrace> batch = next_batch();
    if (batch.empty()) break;
    deliver(batch);
  }
  const MutexLock lock(mutex_);
  counts_.dropped += counts_.queued;
  counts_.queued = 0;
  queue_.clear();
  const std::uint64_t lost = lost_of(counts_);
  if (lost > lost_reported_)
    log_warning("OpenTelemetry: spans lost at the end: " + std::to_string(lost - lost_reported_));
  ended_ = true;
  over_.notify_all();
}

std::vector<RouteTrace> OtlpExporter::next_batch() {
  MutexLock lock(mutex_);
  while (!stopping_ && queue_.empty()) lock.wait(wake_);
  const auto due = Clock::now() + options_.delay;
  while (!stopping_ && counts_.queued < options_.batch_spans_max && Clock::now() < due)
    lock.wait_until(wake_, due);
  std::vector<RouteTrace> batch;
  if (abandoned_) return batch;
  std::size_t spans = 0;
  while (!queue_.empty()) {
    const std::size_t more = span_count(queue_.front());
    if (!batch.empty() && spans + more > options_.batch_spans_max) break;
    spans += more;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  counts_.queued -= spans;
  return batch;
}

void OtlpExporter::deliver(const std::vector<RouteTrace>& batch) {
  std::vector<TraceSpan> spans;
  for (const RouteTrace& trace : batch)
    std::ranges::move(genai_spans(trace), std::back_inserter(spans));
  const std::string body = otlp_json(spans, options_.resource);
  const std::uint64_t count = spans.size();
  spans = {};

  const auto give_up = Clock::now() + options_.retry_for;
  for (std::size_t tries = 1;; ++tries) {
    const Answer answer = post(body);
    const auto next = Clock::now() + retry_pause(answer, tries);
    if (!answer.worth_a_retry() || next > give_up) {
      settle(answer, count);
      report(answer, Batch::Over);
      // The collector asked for peace: the next batch waits as this one would have.
      if (answer.worth_a_retry()) wait_until(next);
      return;
    }
    report(answer, Batch::ComesAgain);
    const bool again = wait_until(next);
    const MutexLock lock(mutex_);
    if (!again) {
      counts_.dropped += count;
      return;
    }
    ++counts_.retries;
  }
}

OtlpExporter::Answer OtlpExporter::post(const std::string& body) {
  TransferRequest request;
  request.url = options_.endpoint;
  request.headers = options_.headers;
  request.headers.emplace_back("Content-Type: application/json");
  request.body = body;
  request.ca_file = options_.ca_file;
  request.connect_timeout = request.first_byte_timeout = options_.timeout;
  request.between_timeout = request.total_timeout = options_.timeout;
  request.bytes_max = answer_bytes_max;
  const auto reply = std::make_shared<Reply>();
  std::future<Answer> answer = reply->future();
  {
    const MutexLock lock(mutex_);
    if (abandoned_) return {.error = Error{ErrorCode::Cancelled, "the server stops", {}, {}}};
    in_flight_ = transfers_.start(std::move(request), reply);
  }
  Answer got = answer.get();
  const MutexLock lock(mutex_);
  in_flight_.reset();
  return got;
}

bool OtlpExporter::wait_until(Clock::time_point time) {
  MutexLock lock(mutex_);
  bool hurried = false;
  while (!abandoned_ && Clock::now() < time) {
    if (stopping_ && !hurried) {
      time = std::min(time, Clock::now() + shutdown_pause);
      hurried = true;
    }
    lock.wait_until(wake_, time);
  }
  return !abandoned_;
}

std::chrono::milliseconds OtlpExporter::retry_pause(const Answer& answer, std::size_t tries) {
  if (answer.retry_after) return *answer.retry_after;
  constexpr std::size_t doublings_max = 20;
  const auto pause =
      std::min(options_.retry_pause * (std::int64_t{1} << std::min(tries - 1, doublings_max)),
               options_.retry_pause_max);
  // Many servers that lost one collector must not all come back at once.
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  return std::chrono::milliseconds(jitter(random_));
}

void OtlpExporter::settle(const Answer& answer, std::uint64_t spans) {
  const std::uint64_t rejected = answer.accepted() ? otlp_rejected(answer.body, spans) : 0;
  const MutexLock lock(mutex_);
  if (answer.accepted()) {
    counts_.rejected += rejected;
    counts_.exported += spans - rejected;
  } else if (answer.error && answer.error->code == ErrorCode::Cancelled) {
    counts_.dropped += spans;
  } else {
    counts_.failed += spans;
  }
}

void OtlpExporter::report(const Answer& answer, Batch batch) {
  const OtlpCounts counts = this->counts();
  const std::uint64_t lost = lost_of(counts);
  if (answer.accepted() && failing_) {
    failing_ = false;
    log_info("OpenTelemetry: the collector takes spans again");
  }
  if (!answer.accepted() && answer.error && answer.error->code == ErrorCode::Cancelled) return;
  if (answer.accepted() && lost == lost_reported_) return;
  const auto now = Clock::now();
  if (reported_ && now - *reported_ < report_every) return;
  reported_ = now;
  std::string message = "OpenTelemetry: ";
  if (!answer.accepted()) {
    failing_ = true;
    message += answer.error ? answer.error->message
                            : "the collector answers with status " + std::to_string(answer.status);
    message += batch == Batch::ComesAgain ? "; it will be tried again" : "; a batch is given up";
    if (lost > lost_reported_) message += "; ";
  }
  if (lost > lost_reported_) message += "spans lost: " + std::to_string(lost - lost_reported_);
  lost_reported_ = lost;
  log_warning(message);
}

}  // namespace croft
