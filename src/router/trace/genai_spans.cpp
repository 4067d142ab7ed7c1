#include "router/trace/genai_spans.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "router/trace/trace_text.h"

namespace croft {
namespace {

constexpr std::size_t list_items_max = 64;

struct KnownHost {
  std::string_view host;  ///< with a dot in front: any name below it
  std::string_view provider;
};
constexpr std::array<KnownHost, 17> kKnownHosts = {{
    {"api.openai.com", "openai"},
    {".openai.azure.com", "azure.ai.openai"},
    {".services.ai.azure.com", "azure.ai.inference"},
    {"api.anthropic.com", "anthropic"},
    {"api.mistral.ai", "mistral_ai"},
    {"api.groq.com", "groq"},
    {"api.deepseek.com", "deepseek"},
    {"api.x.ai", "x_ai"},
    {"api.perplexity.ai", "perplexity"},
    {"api.cohere.com", "cohere"},
    {"api.cohere.ai", "cohere"},
    {"api.moonshot.ai", "moonshot_ai"},
    {"api.moonshot.cn", "moonshot_ai"},
    {"generativelanguage.googleapis.com", "gcp.gemini"},
    {"aiplatform.googleapis.com", "gcp.vertex_ai"},
    {"-aiplatform.googleapis.com", "gcp.vertex_ai"},
    {".ml.cloud.ibm.com", "ibm.watsonx.ai"},
}};

std::string_view operation_name(TracedOperation operation) {
  switch (operation) {
    case TracedOperation::Chat:
      return "chat";
    case TracedOperation::TextCompletion:
      return "text_completion";
    case TracedOperation::Embeddings:
      return "embeddings";
  }
  return "chat";
}

bool is_local(const AttemptTrace& attempt) {
  return attempt.server_address.empty();
}

std::uint64_t start_ns(const RouteTrace& trace) {
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(trace.started.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, since.count()));
}

/// Nanoseconds of an offset: 0 where it is negative or no number, at most a year.
std::uint64_t offset_ns(double milliseconds) {
  constexpr double year_ms = 365.0 * 24 * 3600 * 1000;
  if (!(milliseconds > 0.0)) return 0;
  return static_cast<std::uint64_t>(std::llround(std::min(milliseconds, year_ms) * 1e6));
}

std::int64_t to_int(std::uint64_t value) {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
}

/// Adds attributes to a span; what is empty or not known is left out.
class Attributes {
 public:
  explicit Attributes(TraceSpan& span) : span_(span) {}

  void text(std::string key, std::string_view value) {
    if (!value.empty()) add(std::move(key), trace_name(value));
  }
  void integer(std::string key, std::uint64_t value) { add(std::move(key), to_int(value)); }
  void integer(std::string key, const std::optional<std::uint64_t>& value) {
    if (value) integer(std::move(key), *value);
  }
  void real(std::string key, std::optional<double> value) {
    if (value && std::isfinite(*value)) add(std::move(key), *value);
  }
  void flag(std::string key, bool value) { add(std::move(key), value); }
  void list(std::string key, std::vector<std::string> values) {
    if (!values.empty()) add(std::move(key), std::move(values));
  }

 private:
  void add(std::string key, SpanValue value) {
    span_.attributes.emplace_back(std::move(key), std::move(value));
  }
  TraceSpan& span_;
};

void add_error(TraceSpan& span, const std::optional<ErrorCode>& error,
               const std::optional<int>& status) {
  Attributes to(span);
  if (status) to.integer("http.response.status_code", static_cast<std::uint64_t>(*status));
  const bool refused = status && *status >= 400;
  // Cancelled is no failure: the client left, or another attempt was better.
  if (error ? *error == ErrorCode::Cancelled : !refused) return;
  to.text("error.type", error ? traits(*error).name : std::to_string(*status));
  // A server's span does not fail by what its client did wrong.
  const int as_status = status.value_or(error ? traits(*error).http_status : 500);
  span.failed = span.kind != SpanKind::Server || as_status >= 500 || as_status < 400;
}

void add_cost(Attributes& to, const TracedCost& cost) {
  if (const double* amount = std::get_if<double>(&cost))
    to.real("croft.cost", *amount);
  else
    to.text("croft.cost.missing", cost_gap_text(std::get<CostGap>(cost)));
}

/// What the model answered, as both kinds of span tell it.
void add_response(Attributes& to, const AttemptTrace& attempt) {
  const std::string model = trace_foreign_name(attempt.response_model);
  to.text("gen_ai.response.model", is_local(attempt) ? attempt.model : model);
  to.integer("gen_ai.usage.input_tokens", attempt.prompt_tokens);
  to.integer("gen_ai.usage.cache_read.input_tokens", attempt.cached_tokens);
  to.integer("gen_ai.usage.output_tokens", attempt.completion_tokens);
  const std::string reason(trace_finish_reason(attempt.finish_reason));
  if (!reason.empty()) to.list("gen_ai.response.finish_reasons", {reason});
}

void add_request(Attributes& to, const RouteTrace& trace, std::string_view provider,
                 std::string_view model) {
  to.text("gen_ai.operation.name", operation_name(trace.operation));
  to.text("gen_ai.provider.name", provider);
  to.text("gen_ai.request.model", model);
  if (trace.streamed) to.flag("gen_ai.request.stream", true);
}

void add_first_chunk(Attributes& to, const RouteTrace& trace, const AttemptTrace& attempt,
                     double since_ms) {
  if (trace.streamed && attempt.first_token_ms)
    to.real("gen_ai.response.time_to_first_chunk",
            std::max(0.0, *attempt.first_token_ms - since_ms) / 1000.0);
}

void add_decisions(Attributes& to, const RouteTrace& trace) {
  to.text("croft.request.id", trace.request_id);
  to.text("croft.route", trace.route);
  to.text("croft.rule", trace.rule);
  to.text("croft.reason", trace.reason);
  double gates_us = 0.0;
  for (std::size_t i = 0; i < trace.gates.size() && i < list_items_max; ++i) {
    const GateTrace& gate = trace.gates[i];
    to.text("croft.gate." + trace_name(gate.gate), gate.outcome);
    gates_us += gate.microseconds;
  }
  if (!trace.gates.empty()) to.real("croft.gates.duration_us", gates_us);
  std::vector<std::string> usable;
  std::vector<std::string> skipped;
  for (std::size_t i = 0; i < trace.candidates.size() && i < list_items_max; ++i) {
    const CandidateTrace& candidate = trace.candidates[i];
    if (candidate.skipped.empty())
      usable.push_back(trace_name(candidate.model));
    else
      skipped.push_back(trace_name(candidate.model) + ": " + trace_name(candidate.skipped));
  }
  to.list("croft.candidates", std::move(usable));
  to.list("croft.candidates.skipped", std::move(skipped));
  if (!trace.confidence.empty()) {
    const ConfidenceTrace& last = trace.confidence.back();
    to.text("croft.confidence.point", confidence_point_text(last.point));
    to.integer("croft.confidence.token", last.token);
    to.real("croft.confidence.probability", last.probability);
    to.real("croft.confidence.threshold", last.threshold);
    to.text("croft.confidence.decision", confidence_decision_text(last.decision));
  }
  to.flag("croft.escalated", trace.escalated_at_token.has_value());
  to.integer("croft.escalated_at_token", trace.escalated_at_token);
  to.integer("croft.thrown_away_tokens", trace.thrown_away_tokens);
  to.real("croft.overhead_us", trace.overhead_microseconds);
  add_cost(to, cost_of(trace));
}

TraceSpan request_span(const RouteTrace& trace) {
  TraceSpan span;
  span.trace_id = trace.context.trace_id;
  span.span_id = trace.context.span_id;
  span.parent_id = trace.context.parent_id;
  span.parent_remote = span.parent_id != 0;
  span.name = std::string(operation_name(trace.operation));
  if (!trace.requested_model.empty()) span.name += " " + trace_name(trace.requested_model);
  span.kind = SpanKind::Server;
  span.started_ns = start_ns(trace);
  double end_ms = trace.ended_ms.value_or(0.0);
  // Without an end of its own it lasts as long as what is below it.
  for (const AttemptTrace& attempt : trace.attempts)
    if (!trace.ended_ms) end_ms = std::max(end_ms, attempt.ended_ms);
  span.ended_ns = span.started_ns + offset_ns(end_ms);
  Attributes to(span);
  add_request(to, trace, "croft", trace.requested_model);
  if (const AttemptTrace* answer = answer_of(trace)) {
    add_response(to, *answer);
    add_first_chunk(to, trace, *answer, 0.0);
  }
  add_decisions(to, trace);
  add_error(span, trace.error, trace.status);
  return span;
}

TraceSpan attempt_span(const RouteTrace& trace, const AttemptTrace& attempt) {
  TraceSpan span;
  span.trace_id = trace.context.trace_id;
  span.span_id = attempt.span_id != 0 ? attempt.span_id : new_span_id();
  span.parent_id = trace.context.span_id;
  span.name = std::string(operation_name(trace.operation));
  if (!attempt.model.empty()) span.name += " " + trace_name(attempt.model);
  span.kind = is_local(attempt) ? SpanKind::Internal : SpanKind::Client;
  span.started_ns = start_ns(trace) + offset_ns(attempt.started_ms);
  span.ended_ns = std::max(span.started_ns, start_ns(trace) + offset_ns(attempt.ended_ms));
  Attributes to(span);
  add_request(to, trace, genai_provider_name(attempt), attempt.model);
  add_response(to, attempt);
  add_first_chunk(to, trace, attempt, attempt.started_ms);
  to.text("server.address", attempt.server_address);
  if (!is_local(attempt)) to.integer("server.port", attempt.server_port);
  if (attempt.retries > 0) to.integer("http.request.resend_count", attempt.retries);
  to.text("croft.provider", attempt.provider);
  to.text("croft.dialect", attempt.dialect);
  to.flag("croft.hedged", attempt.hedged);
  to.flag("croft.answered", answer_of(trace) == &attempt);
  add_cost(to, cost_of(attempt));
  add_error(span, attempt.error, attempt.status);
  return span;
}

}  // namespace

std::string_view genai_provider_name(const AttemptTrace& attempt) {
  if (is_local(attempt)) return "croft";
  const std::string_view host = attempt.server_address;
  for (const KnownHost& known : kKnownHosts) {
    const bool below = known.host.front() == '.' || known.host.front() == '-';
    if (below ? host.ends_with(known.host) : host == known.host) return known.provider;
  }
  // bedrock-runtime.REGION.amazonaws.com
  if (host.starts_with("bedrock-runtime.") && host.ends_with(".amazonaws.com"))
    return "aws.bedrock";
  if (attempt.dialect == "anthropic" || attempt.dialect == "ollama") return attempt.dialect;
  return "openai";
}

std::size_t span_count(const RouteTrace& trace) {
  return 1 + trace.attempts.size();
}

std::vector<TraceSpan> genai_spans(const RouteTrace& trace) {
  std::vector<TraceSpan> spans;
  spans.reserve(span_count(trace));
  spans.push_back(request_span(trace));
  for (const AttemptTrace& attempt : trace.attempts) spans.push_back(attempt_span(trace, attempt));
  return spans;
}

}  // namespace croft
