#pragma once
/// A routed request as spans in the words of OpenTelemetry's conventions for generative AI: one for
/// the request (kind Server) and below it one per attempt (Client, or Internal for the engine in
/// this process). All tries of an attempt are one span, as the conventions ask.
///
/// The request's span carries the tokens and finish reason that the client was given; whoever adds
/// up usage takes the attempts' spans. What the conventions have no name for is `croft.*`.
/// Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md (status
/// Development), and the HTTP and error conventions 1.41.

#include <cstddef>
#include <string_view>
#include <vector>

#include "router/trace/route_trace.h"
#include "router/trace/trace_span.h"

namespace croft {

/// The request's span first. Times that contradict each other are moved, not refused.
[[nodiscard]] std::vector<TraceSpan> genai_spans(const RouteTrace& trace);

/// How many genai_spans() gives.
[[nodiscard]] std::size_t span_count(const RouteTrace& trace);

/// gen_ai.provider.name of an attempt: "croft" for the engine, by the host where that is a known
/// provider's, else by the dialect.
[[nodiscard]] std::string_view genai_provider_name(const AttemptTrace& attempt);

}  // namespace croft
