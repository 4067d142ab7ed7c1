#include "router/dialects/client_error.h"

#include "text/utf8.h"

namespace croft::dialects {
namespace {

struct AnthropicTraits {
  int status;
  std::string_view type;
};

AnthropicTraits anthropic_traits(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::Corrupt:
    case ErrorCode::Unproven:
    case ErrorCode::Unsupported:
    case ErrorCode::ContextOverflow:
      return {400, "invalid_request_error"};
    case ErrorCode::Unauthorized:
      return {401, "authentication_error"};
    case ErrorCode::Forbidden:
      return {403, "permission_error"};
    case ErrorCode::NotFound:
      return {404, "not_found_error"};
    case ErrorCode::TooLarge:
      return {413, "request_too_large"};
    case ErrorCode::Busy:
      return {429, "rate_limit_error"};
    case ErrorCode::Unavailable:
    case ErrorCode::Cancelled:  // who is still there to be told was not the one to cancel
      return {529, "overloaded_error"};
    case ErrorCode::Timeout:
    case ErrorCode::DeadlineExceeded:
      return {504, "timeout_error"};
    case ErrorCode::Upstream:
      return {502, "api_error"};
    case ErrorCode::Io:
    case ErrorCode::Internal:
      return {500, "api_error"};
  }
  return {500, "api_error"};
}

std::string safe(std::string_view text) {
  return utf8::repair(text, utf8::Invalid::MaximalSubpart);
}

json::object openai_body(const Error& error) {
  const ErrorTraits& kind = traits(error.code);
  json::object out;
  out["message"] = safe(error.to_string());
  out["type"] = kind.openai_type;
  out["param"] = error.field.empty() ? json::value() : json::value(safe(error.field));
  out["code"] = kind.openai_code.empty() ? json::value() : json::value(kind.openai_code);
  return {{"error", std::move(out)}};
}

json::object anthropic_body(const Error& error, std::string_view request_id) {
  json::object inner;
  inner["type"] = anthropic_traits(error.code).type;
  inner["message"] = safe(error.to_string());
  json::object out = {{"type", "error"}, {"error", std::move(inner)}};
  out["request_id"] = request_id.empty() ? json::value() : json::value(safe(request_id));
  return out;
}

}  // namespace

ClientError write_client_error(Dialect client, const Error& error, std::string_view request_id) {
  ClientError out;
  out.status = traits(error.code).http_status;
  switch (client) {
    case Dialect::OpenAi:
      out.body = openai_body(error);
      break;
    case Dialect::Anthropic:
      out.status = anthropic_traits(error.code).status;
      out.body = anthropic_body(error, request_id);
      break;
    case Dialect::Ollama:
      out.body["error"] = safe(error.to_string());
      break;
  }
  if (error.retry_after_seconds > 0)
    out.headers.push_back({"Retry-After", std::to_string(error.retry_after_seconds)});
  return out;
}

}  // namespace croft::dialects
