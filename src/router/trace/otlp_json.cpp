#include "router/trace/otlp_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"

namespace croft {
namespace {

constexpr unsigned flag_sampled = 0x1;
constexpr unsigned flag_has_is_remote = 0x100;
constexpr unsigned flag_is_remote = 0x200;

/// Writes JSON as text: a tree of json::value took eight times as long, on a thread that runs
/// beside the answers.
class Writer {
 public:
  explicit Writer(std::size_t bytes) { out_.reserve(bytes); }

  /// Punctuation, and names of ours that need no escape.
  Writer& raw(std::string_view text) {
    out_ += text;
    return *this;
  }
  Writer& string(std::string_view text) {
    out_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20) {
        out_ += "\\u00";
        out_ += "0123456789abcdef"[byte >> 4];
        out_ += "0123456789abcdef"[byte & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
    return *this;
  }
  Writer& integer(std::uint64_t value) { return number(value); }
  /// `"key":{"stringValue":"..."}` and so on, as a KeyValue.
  void attribute(std::string_view key, const SpanValue& value) {
    raw(R"({"key":)").string(key).raw(R"(,"value":)");
    std::visit([&](const auto& held) { any_value(held); }, value);
    raw("}");
  }
  std::string take() { return std::move(out_); }

 private:
  template <typename Number>
  Writer& number(Number value) {
    std::array<char, 32> buffer{};  // the shortest form of a double has at most 24 characters
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    CHECK(error == std::errc());
    out_.append(buffer.data(), end);
    return *this;
  }
  void any_value(const std::string& text) { raw(R"({"stringValue":)").string(text).raw("}"); }
  void any_value(std::int64_t value) { raw(R"({"intValue":")").number(value).raw("\"}"); }
  void any_value(double value) {
    raw(R"({"doubleValue":)");
    if (std::isfinite(value))
      number(value);
    else  // as the protobuf mapping to JSON writes them
      raw(std::isnan(value) ? R"("NaN")" : value > 0 ? R"("Infinity")" : R"("-Infinity")");
    raw("}");
  }
  void any_value(bool value) { raw(value ? R"({"boolValue":true})" : R"({"boolValue":false})"); }
  void any_value(const std::vector<std::string>& texts) {
    raw(R"({"arrayValue":{"values":[)");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) raw(",");
      any_value(texts[i]);
    }
    raw("]}}");
  }

  std::string out_;
};

void write_span(Writer& to, const TraceSpan& span) {
  to.raw(R"({"traceId":)").string(trace_id_text(span.trace_id));
  to.raw(R"(,"spanId":)").string(span_id_text(span.span_id));
  if (span.parent_id != 0) to.raw(R"(,"parentSpanId":)").string(span_id_text(span.parent_id));
  to.raw(R"(,"flags":)");
  to.integer(flag_sampled | flag_has_is_remote | (span.parent_remote ? flag_is_remote : 0u));
  to.raw(R"(,"name":)").string(span.name);
  to.raw(R"(,"kind":)").integer(static_cast<std::uint64_t>(span.kind));
  to.raw(R"(,"startTimeUnixNano":")").integer(span.started_ns);
  to.raw(R"(","endTimeUnixNano":")").integer(span.ended_ns);
  to.raw(R"(","attributes":[)");
  for (std::size_t i = 0; i < span.attributes.size(); ++i) {
    if (i > 0) to.raw(",");
    to.attribute(span.attributes[i].first, span.attributes[i].second);
  }
  to.raw(R"(],"status":)").raw(span.failed ? R"({"code":2}})" : "{}}");
}

}  // namespace

std::string otlp_json(std::span<const TraceSpan> spans, const OtlpResource& resource) {
  constexpr std::size_t span_bytes = 2 * limits::KiB;  // what a span of ours takes, generously
  Writer to(limits::KiB + spans.size() * span_bytes);
  to.raw(R"({"resourceSpans":[{"resource":{"attributes":[)");
  to.attribute("service.name", resource.service_name);
  to.raw(",");
  to.attribute("service.version", resource.service_version);
  for (const auto& [key, value] : resource.attributes) {
    to.raw(",");
    to.attribute(key, value);
  }
  to.raw(R"(]},"scopeSpans":[{"scope":{"name":"croft.router","version":)");
  to.string(resource.service_version).raw(R"(},"spans":[)");
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) to.raw(",");
    write_span(to, spans[i]);
  }
  return to.raw("]}]}]}").take();
}

std::uint64_t otlp_rejected(std::string_view body, std::uint64_t sent) {
  const Result<json::value> answer = parse_json(body, "the collector's answer");
  if (!answer) return 0;
  const json::value* partial = find(*answer, "partialSuccess");
  if (partial == nullptr) return 0;
  std::int64_t rejected = find_int(*partial, "rejectedSpans").value_or(0);
  if (const auto text = find_string(*partial, "rejectedSpans")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), rejected);
    if (error != std::errc() || end != text->data() + text->size()) rejected = 0;
  }
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(0, rejected)), sent);
}

}  // namespace croft
