#include "router/dialects/upstream_error.h"

#include <algorithm>
#include <array>

#include "router/dialects/upstream_json.h"

namespace croft::dialects {
namespace {

/// What an error's body says, whatever the dialect.
struct ErrorWords {
  std::string message;
  std::string type;         ///< "rate_limit_error"
  std::string code;         ///< "context_length_exceeded"; Anthropic's details.error_code
  std::int64_t status = 0;  ///< where the code is a number
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

ErrorWords words_of(const json::value& error) {
  ErrorWords words;
  if (const json::string* text = error.if_string()) {
    words.message = quoted_words(*text);
    return words;
  }
  words.message = quoted_words(find_text(error, "message"));
  words.type = quoted_words(find_text(error, "type"));
  words.code = quoted_words(find_text(error, "code"));
  words.status = find_int(error, "code").value_or(0);  // llama-server and vLLM put it here
  if (const json::value* details = find(error, "details"); details != nullptr && words.code.empty())
    words.code = quoted_words(find_text(*details, "error_code"));
  return words;
}

/// The body's words. A page of a proxy in between has none.
ErrorWords words_of_body(std::string_view body) {
  constexpr std::size_t body_bytes_max = 1024 * 1024;
  if (body.size() > body_bytes_max) return {};
  const Result<json::value> parsed = parse_upstream_json(body, "error");
  if (!parsed) return {};
  const json::value* error = find(*parsed, "error");
  // vLLM's older servers and FastAPI put the words at the top.
  if (error == nullptr) error = find(*parsed, "detail");
  return words_of(error != nullptr ? *error : *parsed);
}

bool contains_any(const std::string& text, std::span<const std::string_view> needles) {
  return std::ranges::any_of(
      needles, [&](std::string_view needle) { return text.find(needle) != std::string::npos; });
}

bool is_overflow(const ErrorWords& words) {
  // OpenAI's code; words of OpenAI, Anthropic, llama-server, Ollama and vLLM.
  constexpr std::array<std::string_view, 8> signs = {
      "maximum context length",         "prompt is too long",
      "exceed context limit",           "exceeds the context",
      "exceeds the available context",  "context window",
      "context size has been exceeded", "exceed_context_size"};
  return words.code == "context_length_exceeded" || words.type == "exceed_context_size_error" ||
         contains_any(lower(words.message), signs);
}

bool is_quota(const ErrorWords& words) {
  constexpr std::array<std::string_view, 6> codes = {"insufficient_quota", "spend_limit",
                                                     "credit_balance",     "billing",
                                                     "usage_limit",        "quota_exceeded"};
  constexpr std::array<std::string_view, 4> signs = {
      "credit balance is too low", "exceeded your current quota", "spend limit", "usage limits"};
  return contains_any(lower(words.code), codes) || contains_any(lower(words.type), codes) ||
         contains_any(lower(words.message), signs);
}

/// The status that an error in a stream would have had.
int status_of_type(std::string_view type, const ErrorWords& words) {
  constexpr std::array<std::pair<std::string_view, int>, 12> table = {{
      {"invalid_request_error", 400},
      {"authentication_error", 401},
      {"billing_error", 402},
      {"permission_error", 403},
      {"not_found_error", 404},
      {"request_too_large", 413},
      {"rate_limit_error", 429},
      {"rate_limit_exceeded", 429},
      {"insufficient_quota", 429},
      {"timeout_error", 504},
      {"overloaded_error", 529},
      {"api_error", 500},
  }};
  for (const auto& [name, status] : table)
    if (type == name || words.code == name) return status;
  if (words.status >= 400 && words.status < 600) return static_cast<int>(words.status);
  return is_overflow(words) ? 400 : 500;
}

struct Verdict {
  ErrorCode code;
  FailureCause cause;
  bool retryable;
  std::string_view what;
};

Verdict verdict_of(int status, const ErrorWords& words) {
  using enum FailureCause;
  if (status == 401 || status == 403)
    return {ErrorCode::Unavailable, Key, false, "the upstream refused its key"};
  if (status == 407)
    return {ErrorCode::Unavailable, Key, false,
            "the proxy before the upstream asks for a password"};
  if (status == 402 || ((status == 429 || status == 400) && is_quota(words)))
    return {ErrorCode::Unavailable, Quota, false, "the upstream's quota is used up"};
  if (status == 429) return {ErrorCode::Busy, RateLimit, true, "the upstream's rate limit is hit"};
  if (status == 408 || status == 504)
    return {ErrorCode::Timeout, Server, true, "the upstream took too long"};
  // Older Ollamas and llama-servers call it their own fault: 500.
  if (status <= 500 && is_overflow(words))
    return {ErrorCode::ContextOverflow, Request, false, "the prompt is too long for the upstream"};
  if (status == 404)
    return {ErrorCode::NotFound, Request, false, "the upstream does not know the model or route"};
  if (status == 409) return {ErrorCode::Unavailable, Server, true, "the upstream is in conflict"};
  if (status == 413)
    return {ErrorCode::TooLarge, Request, false, "the request is too large for the upstream"};
  if (status >= 400 && status < 500)
    return {ErrorCode::InvalidArgument, Request, false, "the upstream refused the request"};
  if (status == 503 || status == 529)
    return {ErrorCode::Unavailable, Overload, true, "the upstream is overloaded"};
  if (status >= 500) return {ErrorCode::Unavailable, Server, true, "the upstream failed"};
  return {ErrorCode::Io, Protocol, false, "the upstream answered with a status it should not"};
}

std::string_view hint_of(int status, const Verdict& verdict) {
  if (status == 407)
    return "The administrator must give user and password in the environment's HTTPS_PROXY or "
           "http_proxy";
  switch (verdict.cause) {
    case FailureCause::Key:
      return "The administrator must renew or correct the key of this upstream";
    case FailureCause::Quota:
      return "The administrator must raise the limit or pay at this upstream";
    case FailureCause::RateLimit:
    case FailureCause::Overload:
    case FailureCause::Server:
      return "Try again later";
    case FailureCause::Request:
    case FailureCause::Protocol:
    case FailureCause::Cut:
      return {};
  }
  return {};
}

Failed failure(Dialect dialect, int status, const ErrorWords& words, bool with_status) {
  const Verdict verdict = verdict_of(status, words);
  Failed out;
  out.cause = verdict.cause;
  out.retryable = verdict.retryable;
  out.error.code = verdict.code;
  out.error.message = std::string(verdict.what) + " (" + std::string(dialect_text(dialect));
  if (with_status) out.error.message += ", HTTP " + std::to_string(status);
  out.error.message += ")";
  if (!words.message.empty() && verdict.cause != FailureCause::Key)
    out.error.message += ": " + words.message;
  out.error.hint = hint_of(status, verdict);
  return out;
}

}  // namespace

Failed read_error(Dialect dialect, int status, std::span<const Header> headers,
                  std::string_view body, std::chrono::system_clock::time_point now) {
  Failed out = failure(dialect, status, words_of_body(body), true);
  out.retry_after = read_retry_after(headers, now);
  // OpenAI and Anthropic know better than the status whether it helps.
  const std::string_view should_retry = find_header(headers, "x-should-retry");
  if (should_retry == "true") out.retryable = true;
  if (should_retry == "false") out.retryable = false;
  if (out.retry_after && out.retryable) {
    using std::chrono::ceil, std::chrono::seconds;
    out.error.retry_after_seconds = static_cast<int>(ceil<seconds>(*out.retry_after).count());
  }
  return out;
}

Failed read_stream_error(Dialect dialect, const json::value& error) {
  const ErrorWords words = words_of(error);
  return failure(dialect, status_of_type(words.type, words), words, false);
}

}  // namespace croft::dialects
