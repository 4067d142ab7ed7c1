#pragma once
/// Which trace a request belongs to: W3C `traceparent` in and out, identifiers, and whether the
/// request is recorded.
///
/// `tracestate` is not passed on: it is free text of the caller's, and must not reach an upstream
/// unseen by the privacy rules.
/// Source: W3C Trace Context (Recommendation of 2021-11-23), sections 3.2 and 4.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace croft {

/// Never both zero in a valid trace.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const TraceId&, const TraceId&) = default;
};

/// 0: none.
using SpanId = std::uint64_t;

/// One request's place in its trace.
struct TraceContext {
  TraceId trace_id;
  SpanId span_id = 0;    ///< of our span for the request
  SpanId parent_id = 0;  ///< the caller's span; 0: the trace begins here
  bool sampled = false;  ///< spans are recorded
};

/// What a caller's `traceparent` says.
struct TraceParent {
  TraceId trace_id;
  SpanId parent_id = 0;
  bool sampled = false;
};

/// None where the header breaks the format (the trace begins anew then, as W3C asks). Versions
/// above 00 are read as far as 00 goes; ff, upper case and zero identifiers are refused.
[[nodiscard]] std::optional<TraceParent> parse_traceparent(std::string_view header);

/// Joins the caller's trace where its header is valid, and then follows its sampled flag; else
/// begins a trace that is recorded with probability `sampling_ratio` (0..1). The choice depends on
/// the trace id alone, so that every service with the same ratio makes the same one. Where callers
/// are not trusted with that flag, give an empty header.
[[nodiscard]] TraceContext begin_trace(std::string_view traceparent, double sampling_ratio);

/// Whether a trace of this id is recorded: its last 56 bits are taken for a random fraction.
[[nodiscard]] bool is_sampled(const TraceId& id, double sampling_ratio);

/// Random, never 0. Threads: any.
[[nodiscard]] SpanId new_span_id();

/// The header's value for a call made by `span`, always version 00.
[[nodiscard]] std::string traceparent_text(const TraceContext& context, SpanId span);

[[nodiscard]] std::string trace_id_text(const TraceId& id);  ///< 32 hexadecimal digits
[[nodiscard]] std::string span_id_text(SpanId id);           ///< 16 hexadecimal digits

}  // namespace croft
