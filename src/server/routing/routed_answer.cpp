// The client's side of a routed call: heads, events, whole answers, errors, and the end.
#include <utility>

#include "server/api/json_error.h"
#include "server/routing/routed_call.h"

namespace croft {
namespace {

std::optional<std::uint64_t> counted(const std::optional<std::int64_t>& tokens) {
  if (!tokens || *tokens < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*tokens);
}

}  // namespace

dialects::AnswerLook RoutedCall::look() const {
  const bool openai = context_.client == dialects::Dialect::OpenAi;
  dialects::AnswerLook look;
  look.id = random_id(openai ? "chatcmpl-" : "msg_");
  const AttemptTrace* answer = answer_of(trace_);
  if (answer != nullptr) look.model = answer->model;
  look.created = std::chrono::duration_cast<std::chrono::seconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  if (source_ == Source::Local && openai) look.fingerprint = engine_->fingerprint();
  look.include_usage = call_.include_usage;
  look.request_id = trace_.request_id;
  look.warnings = call_.warnings;
  if (wants_trace_) look.extra["route_trace"] = trace_json(trace_);
  return look;
}

std::vector<HttpHeader> RoutedCall::route_headers() const {
  std::vector<HttpHeader> headers;
  for (auto& [name, value] : trace_headers(trace_)) headers.push_back({name, value});
  return headers;
}

void RoutedCall::send(dialects::AnswerEvent event) {
  const auto* finished = std::get_if<dialects::Finished>(&event);
  if (const auto* failed = std::get_if<dialects::Failed>(&event); failed != nullptr)
    return fail_call(failed->error);
  if (const auto* usage = std::get_if<dialects::Usage>(&event)) {
    writer_->record().cached_tokens = counted(usage->cached_tokens);
    writer_->record().prompt_tokens = counted(usage->prompt_tokens).value_or(0);
    writer_->record().generated_tokens = counted(usage->completion_tokens).value_or(0);
  }
  const bool last = finished != nullptr;
  if (!call_.stream) {
    events_.push_back(std::move(event));
    if (last) send_whole();
    return;
  }
  if (!head_sent_) send_head();
  if (std::string bytes = answer_->write(event); !bytes.empty()) writer_->write(std::move(bytes));
  if (!last) return;
  writer_->end_stream(true);
  end(std::nullopt);
}

void RoutedCall::send_head() {
  head_sent_ = true;
  answer_ = dialects::make_answer_writer(context_.client, look());
  HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  for (HttpHeader& header : route_headers()) head.headers.push_back(std::move(header));
  writer_->begin_stream(std::move(head));
}

void RoutedCall::send_whole() {
  trace_.ended_ms = elapsed_ms();
  Result<json::object> body = dialects::write_whole_answer(context_.client, look(), events_);
  if (!body) return fail_call(body.error());
  HttpResponse response;
  response.headers = route_headers();
  response.body = json::serialize(*body);
  writer_->send(std::move(response));
  end(std::nullopt);
}

void RoutedCall::fail_call(const Error& cause) {
  if (ended_) return;
  const Error error = as_told(cause);
  if (head_sent_) {
    writer_->record().failed = true;
    // A first byte has left: the error is the last event, and the connection ends.
    writer_->write(answer_->write(dialects::Failed{.error = error}));
    writer_->end_stream(false);
  } else {
    trace_.ended_ms = elapsed_ms();
    const dialects::ClientError told =
        dialects::write_client_error(context_.client, error, trace_.request_id);
    HttpResponse response;
    response.status = told.status;
    for (const dialects::Header& header : told.headers)
      response.headers.push_back({header.name, header.value});
    for (HttpHeader& header : route_headers()) response.headers.push_back(std::move(header));
    json::object body = told.body;
    if (wants_trace_) body["route_trace"] = trace_json(trace_);
    response.body = json::serialize(body);
    writer_->send(std::move(response));
  }
  end(error.code);
}

void RoutedCall::end(std::optional<ErrorCode> error) {
  if (ended_) return;
  ended_ = true;
  trace_.ended_ms = elapsed_ms();
  trace_.error = error;
  trace_.status = error ? traits(*error).http_status : 200;
  if (source_ == Source::Local && !error) trace_.answered_by = local_trace_;
  if (local_ && error) {
    AttemptTrace& attempt = trace_.attempts[*local_trace_];
    if (attempt.ended_ms == 0.0) attempt.ended_ms = elapsed_ms();
    if (!attempt.error) attempt.error = error;
  }
  if (local_) local_->cancel();
  stop_cloud();
  if (samples_) samples_->cancel();
  const bool judged = !trace_.confidence.empty() && source_ == Source::Local && !error;
  if (judged) start_shadow();
  // Both hold this call while they work; and what they hold of it is no longer of use.
  client_left_.reset();
  events_ = {};
  held_ = {};
  cloud_held_ = {};
  engine_ = nullptr;
  close();
}

/// All is known that will be: what was cancelled in the cloud tells its cost a moment later.
void RoutedCall::close() {
  if (closed_ || (cloud_ && !cloud_done_)) return;
  closed_ = true;
  settle_budget();
  if (plan_.route == nullptr) return;
  writer_->record().trace = std::make_shared<const RouteTrace>(trace_);
  if (context_.on_done) context_.on_done(trace_);
}

}  // namespace croft
