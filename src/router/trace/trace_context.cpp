#include "router/trace/trace_context.h"

#include <algorithm>
#include <cstddef>

#include "base/random_bits.h"

namespace croft {
namespace {

constexpr std::size_t header_bytes = 55;  // "00-" 32 digits "-" 16 digits "-" 2 digits
constexpr std::size_t header_bytes_max = 512;

// Lower case only, as the standard says.
std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && (c < '0' || c > '9')) return std::nullopt;
    value = (value << 4) | static_cast<std::uint64_t>(letter ? c - 'a' + 10 : c - '0');
  }
  return value;
}

void append_hex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view header) {
  if (header.size() < header_bytes || header.size() > header_bytes_max) return std::nullopt;
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  const auto version = parse_hex(header.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  // A later version may add fields behind a dash; 00 has none.
  if (header.size() > header_bytes && (*version == 0 || header[header_bytes] != '-'))
    return std::nullopt;
  const auto high = parse_hex(header.substr(3, 16));
  const auto low = parse_hex(header.substr(19, 16));
  const auto parent = parse_hex(header.substr(36, 16));
  const auto flags = parse_hex(header.substr(53, 2));
  if (!high || !low || !parent || !flags) return std::nullopt;
  if ((*high == 0 && *low == 0) || *parent == 0) return std::nullopt;
  return TraceParent{.trace_id = {*high, *low}, .parent_id = *parent, .sampled = (*flags & 1) != 0};
}

TraceContext begin_trace(std::string_view traceparent, double sampling_ratio) {
  TraceContext context;
  context.span_id = new_span_id();
  if (const auto parent = parse_traceparent(traceparent)) {
    context.trace_id = parent->trace_id;
    context.parent_id = parent->parent_id;
    context.sampled = parent->sampled;
    return context;
  }
  while (context.trace_id == TraceId{}) context.trace_id = {random_bits(), random_bits()};
  context.sampled = is_sampled(context.trace_id, sampling_ratio);
  return context;
}

bool is_sampled(const TraceId& id, double sampling_ratio) {
  if (!(sampling_ratio > 0.0)) return false;  // NaN too
  constexpr std::uint64_t fractions = std::uint64_t{1} << 56;
  // The highest fractions are kept, as OpenTelemetry's consistent sampling does it.
  const double skipped = std::max(0.0, 1.0 - sampling_ratio) * static_cast<double>(fractions);
  return (id.low & (fractions - 1)) >= static_cast<std::uint64_t>(skipped);
}

SpanId new_span_id() {
  SpanId id = 0;
  while (id == 0) id = random_bits();
  return id;
}

std::string traceparent_text(const TraceContext& context, SpanId span) {
  std::string text = "00-";
  text.reserve(header_bytes);
  append_hex(text, context.trace_id.high);
  append_hex(text, context.trace_id.low);
  text += '-';
  append_hex(text, span);
  text += context.sampled ? "-01" : "-00";
  return text;
}

std::string trace_id_text(const TraceId& id) {
  std::string text;
  append_hex(text, id.high);
  append_hex(text, id.low);
  return text;
}

std::string span_id_text(SpanId id) {
  std::string text;
  append_hex(text, id);
  return text;
}

}  // namespace croft
