#include "router/providers/upstream_attempt.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random_bits.h"
#include "io/digest.h"
#include "router/dialects/upstream_error.h"

namespace croft {
namespace {

using dialects::AnswerEvent;
using dialects::Failed;
using dialects::FailureCause;

constexpr std::size_t error_body_max = 64 * 1024;
constexpr std::chrono::milliseconds pause_max = std::chrono::minutes(10);

std::vector<dialects::Header> header_list(const HttpHeaders& headers) {
  std::vector<dialects::Header> list;
  for (const auto& [name, value] : headers) list.push_back({name, value});
  return list;
}

std::string fresh_call_prefix() {
  return "call_" + digest_text(random_bits());
}

/// What a transfer that broke means. A chat request may be sent again without harm; it only costs.
/// Clients hear the upstream's name: its address is the operator's business, and on the log.
Failed transfer_failure(const Error& error, const std::string& upstream, bool answering) {
  if (error.code == ErrorCode::Cancelled) return {.error = error, .cause = FailureCause::Server};
  log_warning("upstream " + upstream + ": " + error.message);
  const char* what =
      answering                               ? " broke off in the middle of its answer"
      : error.code == ErrorCode::Timeout      ? " did not answer in time"
      : error.code == ErrorCode::Io           ? " cannot be reached"
      : error.code == ErrorCode::Unauthorized ? " has a certificate that is not trusted"
      : error.code == ErrorCode::Upstream     ? " is behind a proxy that refuses"
      : error.code == ErrorCode::Forbidden    ? " answered with a redirect, which is not followed"
                                              : " cannot be used";
  Failed failed;
  failed.error = {.code = ErrorCode::Upstream,
                  .message = "the upstream " + upstream + what,
                  .hint = "Try again later; the server's log says more.",
                  .field = {}};
  failed.cause = answering ? FailureCause::Cut : FailureCause::Server;
  failed.retryable = error.code == ErrorCode::Io || error.code == ErrorCode::Timeout;
  return failed;
}

/// An error as the client should hear it: what is wrong between us and the upstream (our key, a
/// model that it does not have) is not the client's fault, and must not look so.
Failed told(Failed failed) {
  const ErrorCode code = failed.error.code;
  const bool clients = failed.cause == FailureCause::Request && code != ErrorCode::NotFound;
  const bool passing =
      failed.cause == FailureCause::RateLimit || failed.cause == FailureCause::Overload;
  if (!clients && !passing) failed.error.code = ErrorCode::Upstream;
  return failed;
}

bool is_event_stream(const HttpHeaders& headers) {
  const auto type = headers.find("content-type");
  return type != headers.end() && (type->second.starts_with("text/event-stream") ||
                                   type->second.starts_with("application/x-ndjson"));
}

}  // namespace

UpstreamAttempt::UpstreamAttempt(HttpTransfers& transfers, std::shared_ptr<Upstream> upstream,
                                 const Options& options, AttemptSink sink)
    : transfers_(transfers),
      upstream_(std::move(upstream)),
      options_(options),
      sink_(std::move(sink)) {}

void UpstreamAttempt::start(TransferRequest transfer) {
  started_ = std::chrono::steady_clock::now();
  id_ = transfers_.start(std::move(transfer), shared_from_this());
}

void UpstreamAttempt::cancel() {
  over_ = true;
  sink_ = nullptr;
  if (!std::exchange(accounted_, true)) upstream_->abandoned();
  transfers_.cancel(id_);
}

void UpstreamAttempt::on_head(int status, const HttpHeaders& headers) {
  status_ = status;
  headers_ = headers;
  heed_rate_limits();
  if (status < 200 || status > 299) return;
  reader_ = std::make_unique<dialects::AnswerReader>(dialects::ReaderOptions{
      .dialect = options_.dialect,
      .delivery = is_event_stream(headers) ? dialects::Delivery::Stream : dialects::Delivery::Whole,
      .call_id_prefix = fresh_call_prefix()});
}

/// An allowance that is used up: the next request would only be refused.
void UpstreamAttempt::heed_rate_limits() {
  const dialects::RateLimits limits =
      dialects::read_rate_limits(header_list(headers_), std::chrono::system_clock::now());
  for (const dialects::RateLimit& limit :
       {limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens})
    if (limit.remaining && *limit.remaining <= 0 && limit.reset)
      upstream_->pause(std::chrono::steady_clock::now() + std::min(*limit.reset, pause_max));
}

void UpstreamAttempt::on_body(std::string_view bytes) {
  if (over_) return;
  if (!reader_) {
    error_body_ += bytes.substr(0, error_body_max - std::min(error_body_max, error_body_.size()));
    return;
  }
  std::vector<AnswerEvent> events;
  reader_->feed(bytes, events);
  give_all(std::move(events));
}

void UpstreamAttempt::on_end(const TransferEnd& end) {
  if (over_) return;
  if (end.error) {
    Failed failed = transfer_failure(*end.error, upstream_->config().name, reader_ != nullptr);
    failed.reached = end.reached;
    give(std::move(failed));
  } else if (!reader_) {
    const std::vector<dialects::Header> headers = header_list(headers_);
    Failed failed = told(dialects::read_error(options_.dialect, status_, headers, error_body_,
                                              std::chrono::system_clock::now()));
    failed.status = status_;
    give(std::move(failed));
  } else {
    std::vector<AnswerEvent> events;
    reader_->finish(events);
    give_all(std::move(events));
  }
}

void UpstreamAttempt::give_all(std::vector<AnswerEvent> events) {
  for (AnswerEvent& event : events) {
    if (over_) return;
    if (auto* failed = std::get_if<Failed>(&event)) *failed = told(std::move(*failed));
    give(std::move(event));
  }
}

void UpstreamAttempt::give(AnswerEvent event) {
  if (!first_ && !std::holds_alternative<Failed>(event) &&
      !std::holds_alternative<dialects::Started>(event))
    first_ = std::chrono::steady_clock::now();
  const auto self = shared_from_this();  // the sink may let go of us
  const auto* failed = std::get_if<Failed>(&event);
  const bool last = failed != nullptr || std::holds_alternative<dialects::Finished>(event);
  if (last) {
    over_ = true;
    account(failed);
  }
  const AttemptSink sink = last ? std::exchange(sink_, nullptr) : sink_;
  // After a good end the connection is left to finish, to be used again.
  if (failed != nullptr && reader_) transfers_.cancel(id_);
  sink(std::move(event));
}

void UpstreamAttempt::account(const Failed* failed) {
  if (std::exchange(accounted_, true)) return;
  const auto now = std::chrono::steady_clock::now();
  if (failed == nullptr)
    return upstream_->succeeded(
        std::chrono::duration<double>(first_.value_or(now) - started_).count());
  switch (failed->cause) {
    case FailureCause::Request:
      // The request's fault: it says that the upstream is there.
      return upstream_->abandoned();
    case FailureCause::RateLimit:
    case FailureCause::Overload:
      upstream_->abandoned();
      if (failed->retry_after) upstream_->pause(now + *failed->retry_after);
      return;
    case FailureCause::Key:
    case FailureCause::Quota:
    case FailureCause::Server:
    case FailureCause::Protocol:
    case FailureCause::Cut:
      return upstream_->failed(now);
  }
}

}  // namespace croft
