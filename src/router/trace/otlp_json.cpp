#include "router/trace/otlp_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"

namespace croft {
namespace {

constexpr int status_error = 2;
constexpr unsigned flag_sampled = 0x1;
constexpr unsigned flag_has_is_remote = 0x100;
constexpr unsigned flag_is_remote = 0x200;

json::object any_value(const std::string& text) {
  return {{"stringValue", text}};
}

json::object any_value(std::int64_t value) {
  return {{"intValue", std::to_string(value)}};
}

json::object any_value(double value) {
  return {{"doubleValue", value}};
}

json::object any_value(bool value) {
  return {{"boolValue", value}};
}

json::object any_value(const std::vector<std::string>& texts) {
  json::array values;
  values.reserve(texts.size());
  for (const std::string& text : texts) values.push_back(any_value(text));
  json::object array;
  array["values"] = std::move(values);
  json::object value;
  value["arrayValue"] = std::move(array);
  return value;
}

json::object key_value(const std::string& key, json::object value) {
  json::object pair;
  pair["key"] = key;
  pair["value"] = std::move(value);
  return pair;
}

json::object span_json(const TraceSpan& span) {
  json::object object;
  object["traceId"] = trace_id_text(span.trace_id);
  object["spanId"] = span_id_text(span.span_id);
  if (span.parent_id != 0) object["parentSpanId"] = span_id_text(span.parent_id);
  object["flags"] = flag_sampled | flag_has_is_remote | (span.parent_remote ? flag_is_remote : 0u);
  object["name"] = span.name;
  object["kind"] = static_cast<int>(span.kind);
  object["startTimeUnixNano"] = std::to_string(span.started_ns);
  object["endTimeUnixNano"] = std::to_string(span.ended_ns);
  json::array attributes;
  attributes.reserve(span.attributes.size());
  for (const auto& [key, value] : span.attributes)
    attributes.push_back(
        key_value(key, std::visit([](const auto& held) { return any_value(held); }, value)));
  object["attributes"] = std::move(attributes);
  json::object status;
  if (span.failed) status["code"] = status_error;
  object["status"] = std::move(status);
  return object;
}

json::object resource_json(const OtlpResource& resource) {
  json::array attributes;
  attributes.push_back(key_value("service.name", any_value(resource.service_name)));
  attributes.push_back(key_value("service.version", any_value(resource.service_version)));
  for (const auto& [key, value] : resource.attributes)
    attributes.push_back(key_value(key, any_value(value)));
  json::object object;
  object["attributes"] = std::move(attributes);
  return object;
}

// One element each: a braced list would be read as a copy by one compiler and as an array by the
// other.
json::array array_of(json::object item) {
  json::array array;
  array.push_back(std::move(item));
  return array;
}

}  // namespace

std::string otlp_json(std::span<const TraceSpan> spans, const OtlpResource& resource) {
  json::array span_list;
  span_list.reserve(spans.size());
  for (const TraceSpan& span : spans) span_list.push_back(span_json(span));
  json::object scope;
  scope["name"] = "croft.router";
  scope["version"] = resource.service_version;
  json::object scope_spans;
  scope_spans["scope"] = std::move(scope);
  scope_spans["spans"] = std::move(span_list);
  json::object resource_spans;
  resource_spans["resource"] = resource_json(resource);
  resource_spans["scopeSpans"] = array_of(std::move(scope_spans));
  json::object request;
  request["resourceSpans"] = array_of(std::move(resource_spans));
  return json::serialize(request);
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
