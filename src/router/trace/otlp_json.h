#pragma once
/// OTLP/HTTP with JSON: the body that carries spans to a collector, and what its answer means.
///
/// Identifiers are hexadecimal, 64-bit numbers are strings, enumerations numbers, names in lower
/// camel case. Source: open-telemetry/opentelemetry-proto, docs/specification.md, "JSON Protobuf
/// Encoding".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/trace/trace_span.h"

namespace croft {

/// Who the spans come from.
struct OtlpResource {
  std::string service_name = "croft";
  std::string service_version = {};
  /// More of the kind, such as {"deployment.environment.name", "production"}.
  std::vector<std::pair<std::string, std::string>> attributes = {};
};

/// An ExportTraceServiceRequest.
[[nodiscard]] std::string otlp_json(std::span<const TraceSpan> spans, const OtlpResource& resource);

/// How many of `sent` spans an ExportTraceServiceResponse refuses: 0..sent, 0 where the body is no
/// such thing. The collector is not trusted: any bytes will do.
[[nodiscard]] std::uint64_t otlp_rejected(std::string_view body, std::uint64_t sent);

}  // namespace croft
