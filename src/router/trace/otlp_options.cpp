#include "router/trace/otlp_options.h"

#include "io/http_client.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::size_t batch_spans_limit = 4096;  // with bounded texts below the 20 MiB of OTLP
constexpr std::size_t queue_spans_limit = 1'000'000;

std::unexpected<Error> refuse(const char* field, std::string message, std::string hint) {
  return fail(ErrorCode::InvalidArgument, std::move(message), std::move(hint), field);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  for (const char c : name) {
    const bool letter_or_digit =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter_or_digit && marks.find(c) == std::string_view::npos) return false;
  }
  return !name.empty();
}

Result<void> check_header(const std::string& line) {
  const std::size_t colon = line.find(':');
  const std::string name = line.substr(0, colon);
  const bool one_line = line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
  if (colon == std::string::npos) {
    // The whole line might be a key that lost its name.
    return refuse("headers", "a header for the collector has no name",
                  "Write it as \"Name: value\".");
  }
  if (!one_line || !is_header_name(name))
    return refuse("headers",
                  "the header " + quote_foreign(name) + " cannot be sent to the collector",
                  "Write it as \"Name: value\" on one line.");
  for (const char* ours : {"content-type", "content-length", "content-encoding", "host",
                           "transfer-encoding", "connection"})
    if (lower(name) == ours)
      return refuse("headers", "the header " + quote_foreign(name) + " is not free to choose",
                    "Leave it out: spans are sent as JSON.");
  return {};
}

Result<std::string> complete_endpoint(const std::string& url) {
  if (const Result<void> valid = check_http_url(url); !valid)
    return refuse("endpoint", "the collector's address: " + valid.error().message,
                  "Write it as http://HOST:4318/v1/traces.");
  if (url.find_first_of(std::string_view("#\r\n \0", 5)) != std::string::npos)
    return refuse("endpoint", "the collector's address holds a space, a line break or a \"#\"",
                  "Write it as http://HOST:4318/v1/traces.");
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = url.find_first_of("/?", host);
  if (path == std::string::npos) return url + "/v1/traces";
  if (path + 1 == url.size() && url[path] == '/') return url + "v1/traces";
  return url;
}

}  // namespace

Result<OtlpOptions> check_otlp_options(OtlpOptions options) {
  options.endpoint = TRY(complete_endpoint(options.endpoint));
  for (const std::string& line : options.headers) TRY(check_header(line));
  if (!(options.sampling_ratio >= 0.0 && options.sampling_ratio <= 1.0))
    return refuse("sampling_ratio", "the sampling ratio is not within 0 and 1",
                  "0.1 records one trace in ten.");
  if (options.batch_spans_max == 0 || options.batch_spans_max > batch_spans_limit)
    return refuse("batch_spans_max",
                  "a batch of " + std::to_string(options.batch_spans_max) + " spans",
                  "1 to " + std::to_string(batch_spans_limit) + " can be sent at a time.");
  if (options.queue_spans_max < options.batch_spans_max ||
      options.queue_spans_max > queue_spans_limit)
    return refuse("queue_spans_max",
                  "a queue of " + std::to_string(options.queue_spans_max) + " spans",
                  "It must hold at least a batch, and at most " +
                      std::to_string(queue_spans_limit) + " spans.");
  constexpr auto zero = std::chrono::milliseconds(0);
  if (options.timeout <= zero || options.delay < zero || options.retry_pause <= zero ||
      options.retry_pause_max < options.retry_pause || options.retry_for < zero)
    return refuse("timeout", "the collector's time-outs and pauses do not make sense",
                  "All are positive, and the longest pause is not below the first.");
  return options;
}

}  // namespace croft
