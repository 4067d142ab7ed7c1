#pragma once
/// One finished span, as OpenTelemetry means it, before any encoding.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "router/trace/trace_context.h"

namespace croft {

/// The numbers are OTLP's.
enum class SpanKind : std::uint8_t { Internal = 1, Server = 2, Client = 3 };

using SpanValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

struct TraceSpan {
  TraceId trace_id = {};
  SpanId span_id = 0;
  SpanId parent_id = 0;        ///< 0: none
  bool parent_remote = false;  ///< the parent is another process's
  std::string name = {};
  SpanKind kind = SpanKind::Internal;
  std::uint64_t started_ns = 0;  ///< since 1970, UTC
  std::uint64_t ended_ns = 0;    ///< not before `started_ns`
  std::vector<std::pair<std::string, SpanValue>> attributes = {};
  bool failed = false;  ///< its status is Error, else unset
};

}  // namespace croft
