#pragma once
/// Sends finished requests as spans to an OpenTelemetry collector: OTLP/HTTP with JSON, in batches,
/// from a thread of its own. The request path only moves a record into a bounded queue; where a
/// collector is slow or gone, spans are dropped and counted, and nothing else happens.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "io/http_transfers.h"
#include "router/trace/otlp_options.h"
#include "router/trace/route_trace.h"

namespace croft {

/// Spans since the start, for /metrics. recorded = exported + dropped + failed + rejected + those
/// still queued or under way.
struct OtlpCounts {
  std::uint64_t recorded = 0;
  std::uint64_t exported = 0;  ///< accepted by the collector
  std::uint64_t dropped = 0;   ///< the queue was full, or it was too late
  std::uint64_t failed = 0;    ///< given up: refused, or tried for too long
  std::uint64_t rejected = 0;  ///< taken out of a batch by the collector
  std::uint64_t retries = 0;   ///< POSTs repeated
  std::size_t queued = 0;      ///< waiting just now
};

/// Threads: begin, record and counts from any; shutdown from one at a time.
class OtlpExporter {
 public:
  /// `transfers` outlives it. Errors: as check_otlp_options().
  static Result<std::unique_ptr<OtlpExporter>> make(OtlpOptions options, HttpTransfers& transfers);
  /// What has not been sent by now is dropped: call shutdown() before.
  ~OtlpExporter();
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  /// The context of a request that begins: see begin_trace().
  [[nodiscard]] TraceContext begin(std::string_view traceparent) const {
    return begin_trace(traceparent, options_.sampling_ratio);
  }
  /// Takes a finished request. Unsampled ones are no spans. Never waits for the network.
  void record(RouteTrace trace);
  [[nodiscard]] OtlpCounts counts() const;

  /// Sends what is queued, then stops; what is left after `within` is dropped. Later records are
  /// dropped too. A second call does nothing.
  void shutdown(std::chrono::milliseconds within);

 private:
  using Clock = std::chrono::steady_clock;
  struct Answer;
  class Reply;
  enum class Batch : std::uint8_t { Over, ComesAgain };

  OtlpExporter(OtlpOptions options, HttpTransfers& transfers);

  void run();
  /// Waits for a full batch or the delay. Empty: all is sent, or given up.
  std::vector<RouteTrace> next_batch();
  void deliver(const std::vector<RouteTrace>& batch);
  Answer post(const std::string& body);
  /// False where the batch must be given up: it is too late.
  bool wait_until(Clock::time_point time);
  void settle(const Answer& answer, std::uint64_t spans);
  /// Says on the log what went wrong and what was lost, at most once a minute.
  void report(const Answer& answer, Batch batch);
  [[nodiscard]] std::chrono::milliseconds retry_pause(const Answer& answer, std::size_t tries);

  const OtlpOptions options_;
  HttpTransfers& transfers_;

  mutable Mutex mutex_;
  std::condition_variable_any wake_;  ///< the thread: work, or the end
  std::condition_variable_any over_;  ///< shutdown(): the thread has ended
  std::deque<RouteTrace> queue_ GUARDED_BY(mutex_);
  OtlpCounts counts_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;   ///< send what is left, and hurry
  bool abandoned_ GUARDED_BY(mutex_) = false;  ///< send nothing more
  bool ended_ GUARDED_BY(mutex_) = false;
  std::optional<HttpTransfers::Id> in_flight_ GUARDED_BY(mutex_);

  // The thread's own.
  std::minstd_rand random_{std::random_device{}()};
  std::optional<Clock::time_point> reported_;
  std::uint64_t lost_reported_ = 0;
  bool failing_ = false;

  std::thread thread_;
};

}  // namespace croft
