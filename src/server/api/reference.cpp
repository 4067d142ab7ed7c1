// docs/api.md out of the field table. A test compares the file with this text.
#include "base/error.h"
#include "server/api/fields.h"

namespace croft {
namespace {

constexpr std::string_view kIntroduction = R"(# HTTP API

Made from the field table (`src/server/api/field_tables.cpp`); edit that, not this file.

OpenAI's dialect over one or more models. Rules above all routes:

- **Honour or refuse.** A field below is honoured, or refused with a 400 whose `param` names it. A
  refused field may be sent with its neutral value, which asks for nothing. A field that is not
  below is ignored and named in the answer's `warnings`. JSON `null` counts as absent.
- A prompt is never cut: one that does not fit gets 400 `context_length_exceeded` with both
  numbers.
- When the client disconnects, its work stops within one token. Closing only the sending half
  counts as disconnecting.
- Bodies are JSON with `Content-Type: application/json`, at most 32 MiB, nested at most 64 deep.
- `x-request-id` is echoed, or made.

## Access

On loopback no key is needed unless the server was told so. On any other address every route but
the health ones needs `Authorization: Bearer KEY` or `x-api-key: KEY`. The `Host` header must name
loopback, the served host, an allowed host or, beyond loopback, a numeric address; a request with
an `Origin` header needs an allowed origin (or the server's own).

## Errors

Bodies are `{"error": {"message", "type", "param", "code"}}`. In a stream that has begun, an error
is a last `data: {"error": ...}` line, and the connection closes.

| Status | `code` | When |
|---|---|---|
)";

constexpr std::string_view kStreams = R"(
Further: 405 `method_not_allowed` (with `Allow`), 404 `not_found` for an unknown route, 431
`headers_too_large`. 429 and 503 carry `Retry-After`.

## Streams

`text/event-stream`. Chat's first chunk carries the role; one `id` and `created` throughout;
`finish_reason` stands alone in a choice's last chunk; with `stream_options.include_usage` one
more chunk has `usage` and no choices; then `data: [DONE]`. Choices of `n > 1` come interleaved
and are told apart by `index`. After 15 s of silence a comment (`: ping`) keeps proxies from
closing the connection.

## Log-probabilities

Of the model's own distribution, before temperature and penalties. Tokens that are no whole UTF-8
characters appear as `bytes:\xe2\x80`. In completions, `text_offset` counts Unicode characters of
`text`; the first token of an echoed prompt has `null`; the chosen token is always in
`top_logprobs`, so there may be one more than asked for. In chat, each entry has `bytes`.

## Metrics

`/metrics` has, all labelled with the `model` by its served name (requests that name none count for
the main model): histograms
`croft_time_to_first_token_seconds`, `croft_inter_token_latency_seconds`,
`croft_e2e_request_latency_seconds`, `croft_request_queue_time_seconds` (by `route`); counters
`croft_prompt_tokens_total`, `croft_generation_tokens_total`, `croft_requests_total` (by `route`,
`status`; 499: the client left), `croft_request_success_total` (by `route`, `finished_reason`);
gauges `croft_requests_running`, `croft_requests_waiting`, `croft_kv_cache_usage_ratio`,
`croft_kv_cache_bytes`, `croft_engine_steps`, `croft_engine_step_seconds`,
`croft_engine_prompt_tokens`, `croft_engine_generated_tokens`, `croft_preemptions`,
`croft_prefix_pages`, `croft_prefix_lookup_tokens`, `croft_prefix_hit_tokens`,
`croft_guessed_tokens`, `croft_guessed_tokens_held`, which begin anew with each load and are absent
while their model is not loaded; `croft_ready` (of the main model: 1 once it and the pinned ones are
loaded). Of the models themselves: gauges `croft_model_loaded`, `croft_model_waiting` (requests that
wait for it), counters `croft_model_loads_total` (by `outcome`: loaded, failed),
`croft_model_unloads_total` (by `reason`: keep_alive, memory, request), histogram
`croft_model_load_seconds`.

## Several models

With `croft serve --model A --also B` the `model` of a request chooses who answers; absent or empty
it means A. Any other name is 404 `model_not_found` and names those served. B is loaded when the
first request names it: that one and those that come meanwhile wait, at most 256 of them (then 429)
and at most 120 s (then 503; the load goes on). A load that failed answers all who wait with 503 and
the reason, and is not tried again for 10 s. B is unloaded once nobody has asked for it for
`--keep-alive` seconds, when another model needs its memory (`--models-memory`; the one unused for
longest goes first), or by `POST /models/unload`: never while it answers. Where all others are busy
or pinned, so that there is no room, the answer is 503 and names the numbers. The main model and
those given with `--pin` are always there. The prompt's checks (400) come after the wait: they need
the model.

## Many requests at once

Requests of one API key share the service of one: who sends a thousand waits for its own. `service_tier:
"flex"` waits behind all others and gives way to them. When the queue is full, or would take longer than
`--queue-wait` or the request's `deadline_ms`, the answer is 429 at once, with a `Retry-After` made from
measured rates. An answer that is not complete after `deadline_ms` ends with the error
`deadline_exceeded` (504, or an error event in a stream). `usage.prompt_tokens_details.cached_tokens` counts prompt tokens
whose keys and values were still in memory from an earlier request of the same key; requests of
different keys never share them.

## Routes
)";

struct ErrorRow {
  ErrorCode code;
  std::string_view when;
};

constexpr ErrorRow kErrorRows[] = {
    {ErrorCode::InvalidArgument,
     "a field is missing, of the wrong type or out of range; a template's complaint"},
    {ErrorCode::Unsupported, "a known field or value that is refused"},
    {ErrorCode::ContextOverflow, "the prompt does not fit the context"},
    {ErrorCode::Unauthorized, "no key, or a wrong one"},
    {ErrorCode::Forbidden, "the Host or Origin header is not allowed"},
    {ErrorCode::NotFound, "no such model"},
    {ErrorCode::Timeout, "header or body did not arrive in time"},
    {ErrorCode::DeadlineExceeded, "`deadline_ms` passed before the answer was complete"},
    {ErrorCode::TooLarge, "the body or a template's output is over a limit"},
    {ErrorCode::Busy, "the queue is full, or takes longer than the request may wait"},
    {ErrorCode::Unavailable,
     "loading or shutting down; a model that cannot be loaded, or not beside the others"},
    {ErrorCode::Internal, "our bug"},
};

std::string type_names(unsigned types) {
  constexpr std::pair<unsigned, std::string_view> names[] = {
      {field_boolean, "boolean"}, {field_integer, "integer"}, {field_number, "number"},
      {field_string, "string"},   {field_array, "array"},     {field_object, "object"}};
  std::string text;
  for (const auto& [type, name] : names) {
    if ((types & type) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

std::string range_text(const Field& field) {
  if (field.min == field.max) return "";
  const auto number = [](double value) {
    std::string text = std::to_string(value);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
  };
  return number(field.min) + " to " + number(field.max);
}

std::string rule_text(const Field& field) {
  switch (field.rule) {
    case FieldRule::Required:
      return "required";
    case FieldRule::Honoured:
      return "honoured";
    case FieldRule::Recorded:
      return "accepted, no effect";
    case FieldRule::Refused:
      break;
  }
  if (field.neutral == "[]") return "refused";
  return "refused, except `" + std::string(field.neutral.substr(1, field.neutral.size() - 2)) + "`";
}

std::string field_rows(std::span<const Field> fields) {
  std::string out = "\n| Field | Type | Range | Rule | Notes |\n|---|---|---|---|---|\n";
  for (const Field& field : fields)
    out += "| `" + std::string(field.name) + "` | " + type_names(field.types) + " | " +
           range_text(field) + " | " + rule_text(field) + " | " + std::string(field.note) + " |\n";
  return out;
}

}  // namespace

std::string api_reference_markdown() {
  std::string out(kIntroduction);
  for (const ErrorRow& row : kErrorRows) {
    const ErrorTraits& kind = traits(row.code);
    const std::string code =
        kind.openai_code.empty() ? "null" : "`" + std::string(kind.openai_code) + "`";
    out += "| " + std::to_string(kind.http_status) + " | " + code + " | " + std::string(row.when) +
           " |\n";
  }
  out += kStreams;
  for (const RouteFields& route : all_routes()) {
    out += "\n### " + std::string(route.method) + " " + std::string(route.path) + "\n\n" +
           std::string(route.summary) + "\n";
    if (!route.fields.empty()) out += field_rows(route.fields);
    if (route.path == "/v1/completions") {
      out += "\nMembers of `stream_options`, here and in chat:\n";
      out += field_rows(stream_option_fields());
    }
  }
  return out;
}

}  // namespace croft
